"""A bounded pool of connections in which exports do not block each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy import Engine, QueuePool


class ExportPool(QueuePool):
    """Adds one connection for each export that reads tickets.

    An export holds the connection that it reads on to its end, and writes its progress on others. If both counted in
    the same limit, as many exports as there are connections would wait for each other forever.
    """

    # The exports that read now.
    _exports = 0

    def recreate(self) -> ExportPool:
        """Return a pool of the original size: after a ``dispose``, and in a forked process."""
        pool = cast("ExportPool", super().recreate())
        # The exports that read now end with this pool or in the parent.
        pool._max_overflow -= self._exports  # noqa: SLF001 - of this class
        return pool

    def add(self, exports: int) -> None:
        """Add one connection for each of these exports, or remove as many if the number is negative."""
        # SQLAlchemy's own lock for this counter. Each pool has one, so a child's lock is free.
        with self._overflow_lock:
            self._exports += exports
            self._max_overflow += exports


@contextmanager
def one_connection_more(engine: Engine) -> Iterator[None]:
    """Add one connection to the engine's pool until the block ends. A host's own pool stays as it is."""
    pool = engine.pool
    if not isinstance(pool, ExportPool):
        yield
        return
    pool.add(1)
    try:
        yield
    finally:
        pool.add(-1)
