"""What every unit of work on a SQL connection has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticket_export.infrastructure.after_commit import AfterCommitActions
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.background_task_repository import SqlAlchemyBackgroundTaskRepository
from ticket_export.infrastructure.persistence.export_job_repository import SqlAlchemyExportJobRepository
from ticket_export.infrastructure.persistence.media_item_repository import SqlAlchemyMediaItemRepository

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from ticket_export.application.ports.audit_log import AuditEntry, AuditLog
    from ticket_export.infrastructure.persistence.tables import Tables


class ConnectionRepositories:
    """The three repositories, over the connection of the unit of work."""

    _connection: Connection

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._after_commit = AfterCommitActions()

    @property
    def jobs(self) -> SqlAlchemyExportJobRepository:
        """The export jobs, inside this transaction."""
        return SqlAlchemyExportJobRepository(self._begun(), self._tables)

    @property
    def media_items(self) -> SqlAlchemyMediaItemRepository:
        """The stored files, inside this transaction."""
        return SqlAlchemyMediaItemRepository(self._begun(), self._tables)

    @property
    def tasks(self) -> SqlAlchemyBackgroundTaskRepository:
        """The background tasks, inside this transaction."""
        return SqlAlchemyBackgroundTaskRepository(self._begun(), self._tables)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call `action` once the changes are permanent; never, if they are undone."""
        self._after_commit.add(action)

    def audit(self, audit_log: AuditLog, entry: AuditEntry) -> bool:
        """Record the entry with the changes, if `audit_log` is a table of this database; return whether it is."""
        if not isinstance(audit_log, SqlAlchemyAuditLog) or not audit_log.is_kept_where(self._begun()):
            return False
        audit_log.insert(self._begun(), entry)
        return True

    def _begun(self) -> Connection:
        """The connection, with a transaction begun."""
        return self._connection
