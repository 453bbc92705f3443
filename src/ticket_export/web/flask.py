"""For hosts on Flask: the API, the pages and the button of exports."""

from ticket_export.entrypoints.web.flask import exports_blueprint

__all__ = ["exports_blueprint"]
