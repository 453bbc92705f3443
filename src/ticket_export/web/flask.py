"""For hosts on Flask: the API, the pages and the button of exports.

It needs the extra ``flask``: ``pip install 'ticket-export[flask]'``.
"""

from ticket_export.errors import MissingExtraError

try:
    from ticket_export.entrypoints.web.flask import exports_blueprint
except ModuleNotFoundError as error:
    raise MissingExtraError("flask", "ticket_export.web.flask") from error

__all__ = ["exports_blueprint"]
