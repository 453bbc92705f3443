"""The identity of a database that lives in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ticket_export.application.ports.export_database import DatabaseIdentity, ExportDatabase, time_until_due
from ticket_export.infrastructure.memory.database import InMemoryTransaction


class InMemoryExportDatabase(ExportDatabase):
    """See `ExportDatabase`."""

    def __init__(self, transaction: InMemoryTransaction) -> None:
        self._transaction = transaction

    def identity(self) -> DatabaseIdentity:
        return self._transaction.database.identity

    def marks(self, *, to_change: bool = False) -> Sequence[str]:
        rows = self._transaction.writing() if to_change else self._transaction.reading()
        return tuple(rows.marks)

    def set_marks(self, marks: Sequence[str]) -> None:
        self._transaction.writing().marks[:] = marks

    def begin_chore(self, chore: str, *, now: datetime, interval: timedelta) -> timedelta:
        begun = self._transaction.writing().begun
        rest = time_until_due(begun.get(chore), now=now, interval=interval)
        if not rest:
            begun[chore] = now
        return rest
