"""A unit of work inside a transaction of the host."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from sqlalchemy import Connection, event
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.orm import Session
from sqlalchemy.util.concurrency import in_greenlet

from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.after_commit import AfterCommitActions
from ticket_export.infrastructure.persistence.database.clock import measure_time
from ticket_export.infrastructure.persistence.database.errors import database_errors
from ticket_export.infrastructure.persistence.session_outcome import run_after_commit
from ticket_export.infrastructure.persistence.tables import SEED_TABLES, Tables
from ticket_export.infrastructure.persistence.unit_of_work import ConnectionRepositories

# What to do with an asynchronous transaction, as the end of a sentence.
_ASYNCHRONOUS: Final = (
    "call the use case inside `await session.run_sync(…)`, with JoinedUnitOfWork on the session that the function "
    "receives"
)


class JoinedUnitOfWork(ConnectionRepositories):
    """Commits or undoes a request together with the host's own changes.

    `host` is a connection, a session, or a callable that returns the session, such as a `scoped_session`
    (Flask-SQLAlchemy's ``db.session``). `commit` releases a savepoint and makes nothing permanent: the host's commit
    does that. A block that ends without `commit` undoes its own changes and none of the host's.

    The actions of `after_commit` are called

    - with a `Session`: when the session has committed. They are dropped if the session, or the host's savepoint around
      this unit of work, is rolled back or closed. They must not use the session.
    - with a `Connection`, which does not report its commit: when the host calls `committed` after its own commit. They
      are dropped if the transaction is rolled back. The rollback of a host's savepoint after `commit` is not noticed:
      do not call `committed` then. ::

        with engine.begin() as connection:
            unit_of_work = JoinedUnitOfWork(connection)
            request_export(actor, payload)  # built with `unit_of_work=lambda: unit_of_work`
        unit_of_work.committed()

    An entry of the audit log's table is written in the host's transaction.

    A database's error that leaves the block becomes a `JobDatabaseError`, with the driver's error as its ``__cause__``,
    for a host that retries its transaction after some errors. Outside the block, the host's own commit included, errors
    are SQLAlchemy's.

    An ``AsyncSession`` works inside its `run_sync`. Outside of it, an asynchronous transaction raises a
    `ConfigurationError` when the block begins.
    """

    def __init__(self, host: Connection | Session | Callable[[], Session], tables: Tables = SEED_TABLES) -> None:
        super().__init__(tables)
        self._host = host() if callable(host) else host
        self._awaiting_host = AfterCommitActions()

    def __enter__(self) -> Self:
        _require_synchronous(self._host)
        with database_errors(tables=self._tables.every):
            self._connection = self._host if isinstance(self._host, Connection) else self._host.connection()
            if isinstance(self._host, Connection) and not event.contains(self._host, "rollback", self._undone):
                event.listen(self._host, "rollback", self._undone)
            _ensure_begun(self._connection)
            self._savepoint = self._connection.begin_nested()
            measure_time(self._connection)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._after_commit.drop()
        with self._errors(exc):
            if self._savepoint.is_active:
                self._savepoint.rollback()

    def commit(self) -> None:
        self._savepoint.commit()
        if isinstance(self._host, Connection):
            self._awaiting_host.extend(self._after_commit.take())
        else:
            run_after_commit(self._host, self._after_commit.take())
        self._savepoint = self._connection.begin_nested()

    def _undone(self, _connection: Connection) -> None:
        self._awaiting_host.drop()

    def committed(self) -> None:
        """Call the actions of `after_commit`, once, after the host's connection has committed.

        Raises:
            RuntimeError: the connection's transaction is still open.
        """
        if not self._connection.closed and self._connection.in_transaction():
            raise RuntimeError("call committed() after the host's own commit; its transaction is still open")
        self._awaiting_host.run()


def _require_synchronous(host: Connection | Session) -> None:
    # By the module: a host that has such an object has imported it.
    if type(host).__module__.startswith("sqlalchemy.ext.asyncio"):
        raise ConfigurationError(f"JoinedUnitOfWork cannot join an {type(host).__name__}; {_ASYNCHRONOUS}")
    with suppress(UnboundExecutionError):
        bind = host.get_bind() if isinstance(host, Session) else host
        if bind.dialect.is_async and not in_greenlet():
            raise ConfigurationError(f"this transaction belongs to an asynchronous engine; {_ASYNCHRONOUS}")


def _ensure_begun(connection: Connection) -> None:
    if not connection.in_transaction():
        connection.begin()
    # By itself, Python's SQLite driver begins a transaction at the first change. Before that, a savepoint is the
    # outermost transaction, and its release commits.
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        if driver is not None and not driver.in_transaction:
            connection.exec_driver_sql("BEGIN")
