"""One transaction of the database over jobs, files and tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine

from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding
from ticket_export.application.ports.audit_log import AuditEntry, AuditLog
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.application.ports.supports_reading import SupportsReading
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.infrastructure.after_commit import AfterCommitActions
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.background_task_repository import SqlAlchemyBackgroundTaskRepository
from ticket_export.infrastructure.persistence.database.engine import commit
from ticket_export.infrastructure.persistence.database.engine_check import engine_problems
from ticket_export.infrastructure.persistence.database.errors import (
    DATABASE_ERRORS,
    database_errors,
    is_missing_part,
)
from ticket_export.infrastructure.persistence.database.export_database import SqlAlchemyExportDatabase
from ticket_export.infrastructure.persistence.database.migrate_command import migrate_command
from ticket_export.infrastructure.persistence.database.transaction import quick_read, short_transaction
from ticket_export.infrastructure.persistence.export_job_repository import SqlAlchemyExportJobRepository
from ticket_export.infrastructure.persistence.media_item_repository import SqlAlchemyMediaItemRepository
from ticket_export.infrastructure.persistence.schema.table_check import table_problems
from ticket_export.infrastructure.persistence.tables import SEED_TABLES, Tables
from ticket_export.infrastructure.persistence.tables_in_use import look_again, tables_in_use


class ConnectionRepositories(UnitOfWork):
    """The three repositories on the connection of the unit of work."""

    _connection: Connection

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._after_commit = AfterCommitActions()

    @property
    def jobs(self) -> SqlAlchemyExportJobRepository:
        return SqlAlchemyExportJobRepository(*self._in_use())

    @property
    def media_items(self) -> SqlAlchemyMediaItemRepository:
        return SqlAlchemyMediaItemRepository(*self._in_use())

    @property
    def database(self) -> SqlAlchemyExportDatabase:
        return SqlAlchemyExportDatabase(self._begun(), self._tables.export_database)

    @property
    def tasks(self) -> SqlAlchemyBackgroundTaskRepository:
        return SqlAlchemyBackgroundTaskRepository(*self._in_use())

    def after_commit(self, action: Callable[[], None]) -> None:
        self._after_commit.add(action)

    def audit(self, audit_log: AuditLog, entry: AuditEntry) -> bool:
        if not isinstance(audit_log, SqlAlchemyAuditLog) or not audit_log.is_kept_where(self._begun()):
            return False
        audit_log.insert(self._begun(), entry)
        return True

    def _begun(self) -> Connection:
        # With a transaction begun.
        return self._connection

    def _errors(self, block_error: BaseException | None) -> AbstractContextManager[None]:
        if is_missing_part(block_error):
            # The tables may be adopted later.
            look_again(self._connection.dialect)
        migrate = migrate_command(self._connection)
        return database_errors(block_error, tables=self._tables.every, migrate=migrate)

    def _in_use(self) -> tuple[Connection, Tables]:
        connection = self._begun()
        return connection, tables_in_use(connection, self._tables)


class SqlAlchemyUnitOfWork(ConnectionRepositories, SupportsCheck, SupportsReading):
    """A transaction of its own, on a connection from the engine's pool.

    The block begins the transaction, which takes SQLite's one write lock, except for `reading`. So keep the block
    short: do slow work between two units of work, not inside one. PostgreSQL ends an idle transaction, and every wait
    for the server ends (`short_transaction`).

    A database's error that leaves the block becomes a `JobDatabaseError`. Inside the block it is SQLAlchemy's.
    """

    def __init__(self, engine: Engine, tables: Tables = SEED_TABLES) -> None:
        super().__init__(tables)
        self._engine = engine
        self._transaction = short_transaction

    def reading(self) -> Self:
        self._transaction = quick_read
        return self

    def __enter__(self) -> Self:
        with database_errors(tables=self._tables.every, migrate=migrate_command(self._engine)):
            self._connection = self._begin()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._after_commit.drop()
        # Closing undoes what was not committed. A lost connection has nothing left to undo, and its error must not
        # hide that of the block.
        blocks_own = exc is not None and not isinstance(exc, DATABASE_ERRORS)
        with suppress(*DATABASE_ERRORS) if blocks_own else self._errors(exc):
            self._resources.close()

    def problems(self, actors: Sequence[Actor]) -> Iterator[Finding]:
        """See `SupportsCheck.problems`: the database and its tables."""
        wrong = [*engine_problems(self._engine, is_written=True)]
        yield from wrong
        if not wrong:
            yield from table_problems(self._engine, self._tables)

    def commit(self) -> None:
        if not self._connection.closed:
            commit(self._connection)
        if self._after_commit.has_some:
            # An action may need a connection of the same pool. If every thread kept one and waited for another, none
            # would proceed.
            self._resources.close()
        self._after_commit.run()

    def _begun(self) -> Connection:
        if self._connection.closed:
            self._connection = self._begin()
        return self._connection

    def _begin(self) -> Connection:
        self._resources = ExitStack()
        return self._resources.enter_context(self._transaction(self._engine))
