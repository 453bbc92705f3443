"""Threads of FastAPI's event loops for the exports alone.

Starlette's own threads also serve the other routes of the host. While the database or the storage of the exports hangs,
their requests must not occupy all of these.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final, TypeVar

from anyio import CancelScope, CapacityLimiter
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ticket_export.entrypoints.web.messages import WebResponse

# As many as Starlette has for everything else.
_MOST: Final = 40
_limiter: Final = RunVar[CapacityLimiter]("ticket_export_threads")

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """Return what the call returns, in a thread of the exports."""
    try:
        limiter = _limiter.get()
    except LookupError:
        _limiter.set(limiter := CapacityLimiter(_MOST))
    return await run_sync(call, limiter=limiter)


class FileResponse(StreamingResponse):
    """Sends a file, whose blocks are read in threads, and closes it however the sending ends."""

    def __init__(self, answer: WebResponse) -> None:
        super().__init__(_each_in_thread(answer.blocks), answer.status, dict(answer.headers))
        self._file = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, and close it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await _in_thread_anyway(self._file.close)


async def _in_thread_anyway(call: Callable[[], object]) -> None:
    # Also in a task that was cancelled.
    with CancelScope(shield=True):
        await in_thread(call)


async def _each_in_thread(blocks: Iterable[bytes]) -> AsyncIterator[bytes]:
    iterator = iter(blocks)
    while block := await in_thread(lambda: next(iterator, b"")):
        yield block
