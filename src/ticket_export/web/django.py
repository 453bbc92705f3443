"""For hosts on Django: the API, the pages and the button of exports.

It needs the extra ``django``: ``pip install 'ticket-export[django]'``.
"""

from ticket_export.errors import MissingExtraError

try:
    from ticket_export.entrypoints.web.django import exports_urls
except ModuleNotFoundError as error:
    raise MissingExtraError("django", "ticket_export.web.django") from error

__all__ = ["exports_urls"]
