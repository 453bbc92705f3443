"""For hosts on FastAPI: the API, the pages and the button of exports. A Starlette host mounts a FastAPI with them.

It needs the extra ``fastapi``: ``pip install 'ticket-export[fastapi]'``.
"""

from ticket_export.errors import MissingExtraError

try:
    from ticket_export.entrypoints.web.fastapi import exports_router
except ModuleNotFoundError as error:
    raise MissingExtraError("fastapi", "ticket_export.web.fastapi") from error

__all__ = ["exports_router"]
