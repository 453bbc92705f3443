"""One transaction over jobs, files and tasks that live in memory."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from ticket_export.application.ports.audit_log import AuditEntry, AuditLog
from ticket_export.application.ports.supports_reading import SupportsReading
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.infrastructure.after_commit import AfterCommitActions
from ticket_export.infrastructure.memory.audit_log import InMemoryAuditLog
from ticket_export.infrastructure.memory.background_task_repository import InMemoryBackgroundTaskRepository
from ticket_export.infrastructure.memory.database import InMemoryDatabase, InMemoryTransaction
from ticket_export.infrastructure.memory.export_database import InMemoryExportDatabase
from ticket_export.infrastructure.memory.export_job_repository import InMemoryExportJobRepository
from ticket_export.infrastructure.memory.media_item_repository import InMemoryMediaItemRepository


class InMemoryUnitOfWork(UnitOfWork, SupportsReading):
    """A transaction on an `InMemoryDatabase`, isolated as in SQL."""

    def __init__(self, database: InMemoryDatabase) -> None:
        self._transaction = InMemoryTransaction(database)
        self._after_commit = AfterCommitActions()

    def reading(self) -> Self:
        # The lock is taken by the first change, not by the beginning of the block.
        return self

    @property
    def jobs(self) -> InMemoryExportJobRepository:
        return InMemoryExportJobRepository(self._transaction)

    @property
    def media_items(self) -> InMemoryMediaItemRepository:
        return InMemoryMediaItemRepository(self._transaction)

    @property
    def database(self) -> InMemoryExportDatabase:
        return InMemoryExportDatabase(self._transaction)

    @property
    def tasks(self) -> InMemoryBackgroundTaskRepository:
        return InMemoryBackgroundTaskRepository(self._transaction)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._after_commit.drop()
        self._transaction.undo()

    def commit(self) -> None:
        self._transaction.commit()
        self._after_commit.run()

    def audit(self, audit_log: AuditLog, entry: AuditEntry) -> bool:
        """Record the entry with the changes if the log is in memory; return whether it is."""
        if not isinstance(audit_log, InMemoryAuditLog):
            return False
        self._transaction.record(audit_log.entries, entry)
        return True

    def after_commit(self, action: Callable[[], None]) -> None:
        self._after_commit.add(action)
