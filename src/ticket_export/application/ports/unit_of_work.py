"""One transaction over jobs, files and tasks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from ticket_export.application.ports.audit_log import AuditEntry, AuditLog
from ticket_export.application.ports.background_task_repository import BackgroundTaskRepository
from ticket_export.application.ports.export_job_repository import ExportJobRepository
from ticket_export.application.ports.media_item_repository import MediaItemRepository


class UnitOfWork(Protocol):
    """A context manager. What was not committed when the block ends is undone.

    A unit of work is entered once, by one thread.
    """

    @property
    @abstractmethod
    def jobs(self) -> ExportJobRepository:
        """The export jobs, inside this transaction."""

    @property
    @abstractmethod
    def media_items(self) -> MediaItemRepository:
        """The stored files, inside this transaction."""

    @property
    @abstractmethod
    def tasks(self) -> BackgroundTaskRepository:
        """The background tasks, inside this transaction."""

    @abstractmethod
    def __enter__(self) -> Self:
        """Begin."""

    @abstractmethod
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Undo whatever was not committed."""

    @abstractmethod
    def commit(self) -> None:
        """Make the changes permanent, then call what `after_commit` collected."""

    @abstractmethod
    def audit(self, audit_log: AuditLog, entry: AuditEntry) -> bool:
        """Record what this transaction makes true, if `audit_log` is kept in the same database; return whether it is.

        The entry is then permanent with the changes and undone with them, and an entry that cannot be stored raises and
        undoes them. Where this returns False, nothing was recorded, and the caller does so after the commit.
        """

    @abstractmethod
    def after_commit(self, action: Callable[[], None]) -> None:
        """Call `action` once the changes are permanent; never, if they are undone.

        A unit of work that joined a transaction of the host's calls it after the host's commit.
        """
