"""The identity of a database that lives in memory."""

from __future__ import annotations

from collections.abc import Sequence

from ticket_export.application.ports.export_database import DatabaseIdentity, ExportDatabase
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
