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
    """The three repositories, over the connection that the unit of work was entered with."""

    jobs: SqlAlchemyExportJobRepository
    media_items: SqlAlchemyMediaItemRepository
    tasks: SqlAlchemyBackgroundTaskRepository

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._after_commit = AfterCommitActions()

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call `action` once the changes are permanent; never, if they are undone."""
        self._after_commit.add(action)

    def audit(self, audit_log: AuditLog, entry: AuditEntry) -> bool:
        """Record the entry with the changes, if `audit_log` is a table of this database; return whether it is."""
        if not isinstance(audit_log, SqlAlchemyAuditLog) or not audit_log.is_kept_where(self._connection):
            return False
        audit_log.insert(self._connection, entry)
        return True

    def _open(self, connection: Connection) -> None:
        self._connection = connection
        self.jobs = SqlAlchemyExportJobRepository(connection, self._tables)
        self.media_items = SqlAlchemyMediaItemRepository(connection, self._tables)
        self.tasks = SqlAlchemyBackgroundTaskRepository(connection, self._tables)
