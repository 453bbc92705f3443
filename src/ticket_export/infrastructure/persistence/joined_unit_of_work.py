"""A unit of work inside a transaction that the host has open already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from sqlalchemy.orm import Session

from ticket_export.infrastructure.after_commit import AfterCommitActions
from ticket_export.infrastructure.persistence.connection_repositories import ConnectionRepositories
from ticket_export.infrastructure.persistence.session_outcome import run_after_commit
from ticket_export.infrastructure.persistence.tables import REFERENCE_TABLES, Tables

if TYPE_CHECKING:
    from types import TracebackType

    from sqlalchemy import Connection


class JoinedUnitOfWork(ConnectionRepositories):
    """Lets a request commit or vanish together with the host's own changes.

    `commit` releases a savepoint and makes nothing permanent: the host's commit does that. A block
    that ends without `commit` undoes its own changes and none of the host's.

    What `after_commit` collected is called

    - with a `Session`: when the session has committed; it is dropped if the session, or the savepoint
      of the host's that this unit of work was entered in, is rolled back or closed. It must not use
      the session.
    - with a `Connection`, which tells nobody how its transaction ended: when the host calls
      `committed`, after its own commit. ::

        with engine.begin() as connection:
            unit_of_work = JoinedUnitOfWork(connection)
            request_export(actor, payload)  # built with `unit_of_work=lambda: unit_of_work`
        unit_of_work.committed()
    """

    def __init__(self, host: Connection | Session, tables: Tables = REFERENCE_TABLES) -> None:
        super().__init__(tables)
        self._host = host
        self._awaiting_host = AfterCommitActions()

    def __enter__(self) -> Self:
        self._open(self._host.connection() if isinstance(self._host, Session) else self._host)
        _ensure_begun(self._connection)
        self._savepoint = self._connection.begin_nested()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._savepoint.is_active:
            self._savepoint.rollback()

    def commit(self) -> None:
        """Leave the changes to the host's transaction."""
        self._savepoint.commit()
        if isinstance(self._host, Session):
            run_after_commit(self._host, self._after_commit.take())
        else:
            self._awaiting_host.extend(self._after_commit.take())
        self._savepoint = self._connection.begin_nested()

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
