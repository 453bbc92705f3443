"""A bounded pool of connections in which exports cannot wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import cast

from sqlalchemy import Engine, QueuePool


class ExportPool(QueuePool):
    """May have one connection more for each export that reads tickets.

    An export holds the connection that it reads over to its end, and writes its progress over others. Were both of the
    same bounded number, as many exports as there are connections would wait for each other for ever.
    """

    #: How many read now.
    _exports = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Have one connection more until the block ends."""
        self._add(1)
        try:
            yield
        finally:
            self._add(-1)

    def recreate(self) -> ExportPool:
        """A pool as this one was made: after a ``dispose``, and in a forked process."""
        pool = cast("ExportPool", super().recreate())
        # The exports that read now end with this pool, or in the parent.
        pool._max_overflow -= self._exports  # noqa: SLF001 - of this class
        return pool

    def _add(self, exports: int) -> None:
        # That of SQLAlchemy's own counting. Every pool has one, so a child's is free, whoever holds the parent's.
        with self._overflow_lock:
            self._exports += exports
            self._max_overflow += exports


def one_connection_more(engine: Engine) -> AbstractContextManager[None]:
    """Let the engine have one connection more until the block ends; a host's own pool stays as the host has made it."""
    pool = engine.pool
    return pool.one_more() if isinstance(pool, ExportPool) else nullcontext()
