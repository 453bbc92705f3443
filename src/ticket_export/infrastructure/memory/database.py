"""The committed state and the write lock that in-memory units of work share."""

from __future__ import annotations

from datetime import datetime
from threading import Lock
from uuid import UUID, uuid4

import attrs

from ticket_export.application.ports.audit_log import AuditEntry
from ticket_export.application.ports.export_database import DatabaseIdentity
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user import User
from ticket_export.domain.user_id import UserId


@attrs.frozen
class Rows:
    """Jobs, files and tasks by id, and marks. Stored entities are copies, which are replaced and never changed."""

    jobs: dict[UUID, ExportJob] = attrs.field(factory=dict)
    media_items: dict[UUID, MediaItem] = attrs.field(factory=dict)
    tasks: dict[UUID, BackgroundTask] = attrs.field(factory=dict)
    #: See `ExportDatabase.marks`.
    marks: list[str] = attrs.field(factory=list, eq=False)
    #: When each chore was last begun; see `ExportDatabase.begin_chore`.
    begun: dict[str, datetime] = attrs.field(factory=dict, eq=False)

    def copy(self) -> Rows:
        """Return the same entities in new dictionaries."""
        return Rows(dict(self.jobs), dict(self.media_items), dict(self.tasks), list(self.marks), dict(self.begun))


class InMemoryDatabase:
    """The data that several `InMemoryUnitOfWork` share.

    Requesters come from `users`; a missing user is not an error.
    """

    def __init__(self, identity: DatabaseIdentity | None = None) -> None:
        self.identity = identity or DatabaseIdentity(uuid4(), uuid4().hex)
        self.users: dict[UserId, User] = {}
        self.committed = Rows()
        self.write_lock = Lock()


class InMemoryTransaction:
    """Reads the committed state and, from its first change on, its own changes.

    As on SQLite there is one writer at a time: the first change waits for the lock, which is held until `commit` or
    `undo`.
    """

    #: Seconds.
    LOCK_TIMEOUT = 30.0

    def __init__(self, database: InMemoryDatabase) -> None:
        self.database = database
        self._own: Rows | None = None
        self._recorded: list[tuple[list[AuditEntry], AuditEntry]] = []

    def reading(self) -> Rows:
        """Return the rows to read."""
        return self.database.committed if self._own is None else self._own

    def writing(self) -> Rows:
        """Return the rows to change.

        Raises:
            TimeoutError: another transaction did not end in time.
        """
        if self._own is None:
            if not self.database.write_lock.acquire(timeout=self.LOCK_TIMEOUT):
                raise TimeoutError("another unit of work has been writing all the time; is one entered inside another?")
            self._own = self.database.committed.copy()
        return self._own

    def record(self, entries: list[AuditEntry], entry: AuditEntry) -> None:
        """Add `entry` to the `entries` of an audit log together with the changes."""
        self.writing()
        self._recorded.append((entries, entry))

    def commit(self) -> None:
        """Make the changes visible to all."""
        if self._own is not None:
            self.database.committed = self._own
            for entries, entry in self._recorded:
                entries.append(entry)
            self.undo()

    def undo(self) -> None:
        """Drop the changes that were not committed."""
        if self._own is not None:
            self._own = None
            self._recorded.clear()
            self.database.write_lock.release()
