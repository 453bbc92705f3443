"""A unit of work on Django's connection, also outside of a transaction."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from ticket_export.infrastructure.django.one_connection.turns import TURN
from ticket_export.infrastructure.django.unit_of_work import DjangoUnitOfWork


class OneConnectionUnitOfWork(DjangoUnitOfWork):
    """As `DjangoUnitOfWork`, one at a time."""

    def __enter__(self) -> Self:
        TURN.acquire()
        try:
            return super().__enter__()
        except BaseException:
            TURN.release()
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
            TURN.release()
