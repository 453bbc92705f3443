"""For hosts on FastAPI and Starlette: the API, the pages and the button of exports."""

from ticket_export.entrypoints.web.fastapi import exports_router

__all__ = ["exports_router"]
