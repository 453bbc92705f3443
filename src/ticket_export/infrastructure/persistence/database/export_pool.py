"""A bounded pool of connections in which exports do not block each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import cast

from sqlalchemy import Engine, QueuePool


class ExportPool(QueuePool):
    """Adds one connection for each export that reads tickets.

    An export holds the connection that it reads on to its end, and writes its progress on others. If both counted in
    the same limit, as many exports as there are connections would wait for each other forever.
    """

    # The exports that read now.
    _exports = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Add one connection until the block ends."""
        self._add(1)
        try:
            yield
        finally:
            self._add(-1)

    def recreate(self) -> ExportPool:
        """Return a pool of the original size: after a ``dispose``, and in a forked process."""
        pool = cast("ExportPool", super().recreate())
        # The exports that read now end with this pool or in the parent.
        pool._max_overflow -= self._exports  # noqa: SLF001 - of this class
        return pool

    def _add(self, exports: int) -> None:
        # SQLAlchemy's own lock for this counter. Each pool has one, so a child's lock is free.
        with self._overflow_lock:
            self._exports += exports
            self._max_overflow += exports


def one_connection_more(engine: Engine) -> AbstractContextManager[None]:
    """Add one connection to the engine's pool until the block ends. A host's own pool stays as it is."""
    pool = engine.pool
    return pool.one_more() if isinstance(pool, ExportPool) else nullcontext()
