"""A unit of work on Django's connection, also where Django has not begun a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from django.db import Error, transaction
from sqlalchemy import Connection

from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.django.connection import is_in_transaction
from ticket_export.infrastructure.django.one_connection.turns import TURN
from ticket_export.infrastructure.django.unit_of_work import DjangoUnitOfWork
from ticket_export.infrastructure.persistence.tables import SEED_TABLES, Tables


class OneConnectionUnitOfWork(DjangoUnitOfWork):
    """As `DjangoUnitOfWork`, with an ``atomic()`` of its own outside of the host's."""

    def __init__(self, alias: str, tables: Tables = SEED_TABLES) -> None:
        super().__init__(alias, tables)
        self._own: transaction.Atomic | None = None

    def __enter__(self) -> Self:
        TURN.acquire()
        try:
            self._begin()
            return super().__enter__()
        except BaseException:
            self._leave()
            raise

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            super().__exit__(exc_type, exc, traceback)
        finally:
            self._leave()

    def commit(self) -> None:
        super().commit()
        own, self._own = self._own, None
        if own is not None:
            with _errors_of_django():
                own.__exit__(None, None, None)

    def _begun(self) -> Connection:
        self._begin()
        return super()._begun()

    def _begin(self) -> None:
        if not is_in_transaction(self._alias):
            own = transaction.atomic(using=self._alias)
            with _errors_of_django():
                own.__enter__()
            self._own = own

    def _leave(self) -> None:
        own, self._own = self._own, None
        try:
            if own is not None:
                with _errors_of_django():
                    transaction.set_rollback(True, using=self._alias)
                    own.__exit__(None, None, None)
        finally:
            TURN.release()


@contextmanager
def _errors_of_django() -> Iterator[None]:
    try:
        yield
    except Error as error:
        raise JobDatabaseError("the database failed while Django began or ended a transaction") from error
