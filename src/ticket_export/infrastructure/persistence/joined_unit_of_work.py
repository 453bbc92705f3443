"""A unit of work inside a transaction that the host has open already."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from ticket_export.infrastructure.after_commit import AfterCommitActions
from ticket_export.infrastructure.persistence.database.clock import measure_time
from ticket_export.infrastructure.persistence.database.errors import database_errors
from ticket_export.infrastructure.persistence.tables import SEED_TABLES, Tables
from ticket_export.infrastructure.persistence.unit_of_work import ConnectionRepositories


class JoinedUnitOfWork(ConnectionRepositories):
    """Lets a request commit or vanish together with the host's own changes.

    `commit` releases a savepoint and makes nothing permanent: the host's commit does that. A block
    that ends without `commit` undoes its own changes and none of the host's.

    What `after_commit` collected is called

    - with a `Session`: when the session has committed; it is dropped if the session, or the savepoint
      of the host's that this unit of work was entered in, is rolled back or closed. It must not use
      the session.
    - with a `Connection`, which tells nobody that it has committed: when the host calls `committed`,
      after its own commit; it is dropped if the transaction is rolled back. A savepoint of the host's
      that is rolled back after `commit` is not seen: there, do not call `committed`. ::

        with engine.begin() as connection:
            unit_of_work = JoinedUnitOfWork(connection)
            request_export(actor, payload)  # built with `unit_of_work=lambda: unit_of_work`
        unit_of_work.committed()

    An entry of the audit log's table is written in the host's transaction.

    A database's error that leaves the block comes out as `JobDatabaseError`. A host that tries its
    transaction again after some of the driver's errors finds that one as its ``__cause__``. What the
    host does outside the block, its own commit included, raises what it always did.
    """

    def __init__(self, host: Connection | Session, tables: Tables = SEED_TABLES) -> None:
        super().__init__(tables)
        self._host = host
        self._awaiting_host = AfterCommitActions()

    def __enter__(self) -> Self:
        with database_errors():
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
        with database_errors(exc):
            if self._savepoint.is_active:
                self._savepoint.rollback()

    def commit(self) -> None:
        """Leave the changes to the host's transaction."""
        self._savepoint.commit()
        if isinstance(self._host, Connection):
            self._awaiting_host.extend(self._after_commit.take())
        else:
            # Only here, since it brings all of the ORM, which whoever has a session has loaded.
            from ticket_export.infrastructure.persistence.session_outcome import run_after_commit

            run_after_commit(self._host, self._after_commit.take())
        self._savepoint = self._connection.begin_nested()

    def _undone(self, _connection: Connection) -> None:
        self._awaiting_host.drop()

    def committed(self) -> None:
        """The host's connection has committed: call what `after_commit` collected, once.

        Raises:
            RuntimeError: the connection's transaction is still open.
        """
        if not self._connection.closed and self._connection.in_transaction():
            raise RuntimeError("call committed() after the host's own commit; its transaction is still open")
        self._awaiting_host.run()


def _ensure_begun(connection: Connection) -> None:
    if not connection.in_transaction():
        connection.begin()
    # Left to itself, Python's SQLite driver begins no transaction before the first change. A savepoint
    # would then be the outermost, and releasing it would commit.
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        if driver is not None and not driver.in_transaction:
            connection.exec_driver_sql("BEGIN")
