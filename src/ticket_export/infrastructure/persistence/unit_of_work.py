"""One transaction of the database over jobs, files and tasks."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Self

from ticket_export.infrastructure.persistence.commit import commit
from ticket_export.infrastructure.persistence.connection_repositories import ConnectionRepositories
from ticket_export.infrastructure.persistence.driver_errors import DATABASE_ERRORS, database_errors
from ticket_export.infrastructure.persistence.engine import begin_writing
from ticket_export.infrastructure.persistence.tables import REFERENCE_TABLES, Tables

if TYPE_CHECKING:
    from types import TracebackType

    from sqlalchemy import Connection, Engine


class SqlAlchemyUnitOfWork(ConnectionRepositories):
    """A transaction of its own, on a connection from the engine's pool.

    The transaction begins as it is entered and takes SQLite's one write lock then, so keep
    it short: do slow work between two units of work, not inside one.

    A database's error that leaves the block comes out as `JobDatabaseError`; inside, it is still
    SQLAlchemy's.
    """

    def __init__(self, engine: Engine, tables: Tables = REFERENCE_TABLES) -> None:
        super().__init__(tables)
        self._engine = engine

    def __enter__(self) -> Self:
        with database_errors():
            self._connection = begin_writing(self._engine.connect())
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._after_commit.drop()
        # Closing undoes what was not committed. A connection that is gone has nothing left to undo, and must not
        # hide what the block has to say.
        blocks_own = exc is not None and not isinstance(exc, DATABASE_ERRORS)
        with suppress(*DATABASE_ERRORS) if blocks_own else database_errors(exc):
            self._connection.close()

    def commit(self) -> None:
        """Make the changes permanent, then call what `after_commit` collected, outside the transaction."""
        if not self._connection.closed:
            commit(self._connection)
        if self._after_commit.has_some:
            # An action may need a connection of the same pool, which others need too while they hold this one.
            self._connection.close()
        self._after_commit.run()

    def _begun(self) -> Connection:
        if self._connection.closed:
            self._connection = begin_writing(self._engine.connect())
        return self._connection
