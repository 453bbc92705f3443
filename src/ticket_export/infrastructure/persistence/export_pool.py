"""A bounded pool of connections in which exports cannot wait for each other."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import QueuePool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Engine

# Of all pools; it is held for an addition.
_LOCK = Lock()


class ExportPool(QueuePool):
    """May have one connection more for each export that reads tickets.

    An export holds the connection that it reads over to its end, and writes its progress over others. Were both of the
    same bounded number, as many exports as there are connections would wait for each other for ever.
    """

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Have one connection more until the block ends."""
        with _LOCK:
            self._max_overflow += 1
        try:
            yield
        finally:
            with _LOCK:
                self._max_overflow -= 1


def one_connection_more(engine: Engine) -> AbstractContextManager[None]:
    """Let the engine have one connection more until the block ends; a host's own pool stays as the host has made it."""
    pool = engine.pool
    return pool.one_more() if isinstance(pool, ExportPool) else nullcontext()
