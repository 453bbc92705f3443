"""For hosts on Django: the API, the pages and the button of exports."""

from ticket_export.entrypoints.web.django import exports_urls

__all__ = ["exports_urls"]
