"""The web part, which a host mounts in a line: the API, the pages and the button of exports.

The modules `ticket_export.web.fastapi`, `ticket_export.web.flask` and `ticket_export.web.django` each need the extra of
their name, such as ``pip install 'ticket-export[fastapi]'``. docs/how-to/offer-an-export-button.md shows them.
"""
