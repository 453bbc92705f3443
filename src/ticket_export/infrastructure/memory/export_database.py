"""The identity of a database that lives in memory."""

from __future__ import annotations

from ticket_export.application.ports.export_database import DatabaseIdentity, ExportDatabase
from ticket_export.infrastructure.memory.database import InMemoryTransaction


class InMemoryExportDatabase(ExportDatabase):
    """See `ExportDatabase`."""

    def __init__(self, transaction: InMemoryTransaction) -> None:
        self._transaction = transaction

    def identity(self) -> DatabaseIdentity:
        return self._transaction.database.identity
