"""One transaction over jobs, files and tasks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from ticket_export.application.ports.audit_log import AuditEntry, AuditLog
from ticket_export.application.ports.background_task_repository import BackgroundTaskRepository
from ticket_export.application.ports.export_database import ExportDatabase
from ticket_export.application.ports.export_job_repository import ExportJobRepository
from ticket_export.application.ports.media_item_repository import MediaItemRepository


class UnitOfWork(Protocol):
    """A context manager that undoes all changes that are not committed when its block ends.

    It is entered once, by one thread.
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
    def database(self) -> ExportDatabase:
        """The database itself, inside this transaction."""

    @property
    @abstractmethod
    def tasks(self) -> BackgroundTaskRepository:
        """The background tasks, inside this transaction."""

    @abstractmethod
    def __enter__(self) -> Self:
        """Begin the transaction."""

    @abstractmethod
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Undo the changes that were not committed."""

    @abstractmethod
    def commit(self) -> None:
        """Make the changes permanent, then call the actions of `after_commit`."""

    @abstractmethod
    def audit(self, audit_log: AuditLog, entry: AuditEntry) -> bool:
        """Record `entry` in this transaction if `audit_log` is in the same database; return whether it is.

        The entry becomes permanent, or is undone, with the changes. An entry that cannot be stored raises an error. If
        this returns False, nothing was recorded, and the caller records the entry after the commit.
        """

    @abstractmethod
    def after_commit(self, action: Callable[[], None]) -> None:
        """Call `action` once the changes are permanent; never, if they are undone.

        A unit of work inside a transaction of the host calls it after the host's commit.
        """
