"""A unit of work inside Django's own transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from django.db import Error, connections, transaction
from sqlalchemy import Connection, Engine, NestedTransaction

from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.django.connection import connected_to_django, is_in_transaction
from ticket_export.infrastructure.persistence.database.clock import measure_time
from ticket_export.infrastructure.persistence.database.errors import database_errors
from ticket_export.infrastructure.persistence.tables import SEED_TABLES, Tables
from ticket_export.infrastructure.persistence.unit_of_work import ConnectionRepositories, SqlAlchemyUnitOfWork


def unit_of_work_for(alias: str, engine: Engine, tables: Tables = SEED_TABLES) -> UnitOfWork:
    """Return a unit of work that joins Django's transaction if this thread is in one, or else has its own.

    Outside of ``atomic()``, Django would commit each statement, and on SQLite begin a transaction that cannot write
    after another connection has; the library's own transactions do not have these limits.
    """
    return DjangoUnitOfWork(alias, tables) if is_in_transaction(alias) else SqlAlchemyUnitOfWork(engine, tables)


class DjangoUnitOfWork(ConnectionRepositories):
    """Commits or vanishes together with the ``atomic()`` block of the host.

    `commit` releases a savepoint; the actions of `after_commit` are called by ``transaction.on_commit``, so they are
    dropped if the host's block, or any block around it, is rolled back. A block that ends without `commit` undoes its
    own changes and none of the host's. An entry of the audit log's table is written in the host's transaction.

    Where there is no ``atomic()``, it has one of its own. After ``set_autocommit(False)``, this is a part of the host's
    transaction too; Django then calls the actions at ``set_autocommit(True)``.

    A database's error that leaves the block becomes a `JobDatabaseError`. The host's transaction can still be used.
    """

    def __init__(self, alias: str, tables: Tables = SEED_TABLES) -> None:
        super().__init__(tables)
        self._alias = alias
        self._own: transaction.Atomic | None = None
        self._savepoint: NestedTransaction | None = None

    def __enter__(self) -> Self:
        try:
            with database_errors(tables=self._tables.every):
                self._begin()
                measure_time(self._connection)
        except BaseException:
            self._undo()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._after_commit.drop()
        with self._errors(exc):
            self._undo()

    def commit(self) -> None:
        if self._savepoint is not None:
            self._savepoint.commit()
            self._savepoint = None
        for action in self._after_commit.take():
            # The host's transaction is permanent by then, so that an error is only logged.
            transaction.on_commit(action, using=self._alias, robust=True)
        own, self._own = self._own, None
        if own is not None:
            with _errors_of_django():
                own.__exit__(None, None, None)

    def _begun(self) -> Connection:
        if self._savepoint is None:
            self._connection.close()
            self._begin()
        return self._connection

    def _begin(self) -> None:
        if not connections[self._alias].in_atomic_block:
            own = transaction.atomic(using=self._alias)
            with _errors_of_django():
                _begin_manually(self._alias)
                own.__enter__()
            self._own = own
        self._connection = connected_to_django(self._alias)
        self._savepoint = self._connection.begin_nested()

    def _undo(self) -> None:
        own, self._own = self._own, None
        savepoint, self._savepoint = self._savepoint, None
        try:
            if savepoint is not None and savepoint.is_active:
                savepoint.rollback()
        finally:
            if "_connection" in vars(self):
                self._connection.close()
            if own is not None:
                with _errors_of_django():
                    transaction.set_rollback(True, using=self._alias)
                    own.__exit__(None, None, None)


def _begin_manually(alias: str) -> None:
    django: Any = connections[alias]
    # After `set_autocommit(False)`, Python's driver of SQLite begins at the first change. Before that, a savepoint is
    # the outermost transaction, and its release commits.
    is_manual = django.connection is not None and not django.autocommit
    if django.vendor == "sqlite" and is_manual and not django.connection.in_transaction:
        django.connection.execute("BEGIN")


@contextmanager
def _errors_of_django() -> Iterator[None]:
    try:
        yield
    except Error as error:
        raise JobDatabaseError("the database failed when Django began or ended a transaction") from error
