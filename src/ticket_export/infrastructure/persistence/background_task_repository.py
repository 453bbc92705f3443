"""Background tasks in the host's table of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Select, insert, select, update

from ticket_export.application.ports.background_task_repository import BackgroundTaskRepository
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.errors import LeaseLostError
from ticket_export.infrastructure.persistence.instant import Instant
from ticket_export.infrastructure.persistence.mapping import background_task_from, changes_of, row_of
from ticket_export.infrastructure.persistence.tables import Tables


class SqlAlchemyBackgroundTaskRepository(BackgroundTaskRepository):
    """Works on one open connection, inside its transaction."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tasks = tables.background_tasks

    def add(self, task: BackgroundTask) -> None:
        """Store a new task."""
        self._connection.execute(insert(self._tasks), row_of(task, self._tasks))

    def find(self, task_id: UUID) -> BackgroundTask | None:
        """The task of that id, or None."""
        row = self._connection.execute(select(self._tasks).where(self._tasks.c.id == task_id)).mappings().one_or_none()
        return None if row is None else background_task_from(row, self._tasks)

    def update(self, task: BackgroundTask, *, fencing_token: int) -> None:
        """Store a changed task, provided that its stored fencing token still is `fencing_token`.

        Raises:
            LeaseLostError: it is not; nothing was changed.
        """
        unchanged = (self._tasks.c.id == task.id) & (self._tasks.c.fencing_token == fencing_token)
        changed = self._connection.execute(update(self._tasks).where(unchanged), changes_of(task, self._tasks))
        if changed.rowcount == 0:
            raise LeaseLostError(f"task {task.id} is no longer at attempt {fencing_token}")

    def next_enqueued(self, name: str, *, besides: Collection[UUID] = ()) -> BackgroundTask | None:
        """The task of that name that has waited longest, kept from other transactions until this one ends."""
        waiting = self._kept(name, BackgroundTaskStatus.ENQUEUED, besides)
        oldest_first = waiting.order_by(self._tasks.c.creation_time, self._tasks.c.id)
        return next(iter(self._found(oldest_first.limit(1))), None)

    def lapsed(
        self, name: str, *, now: datetime, limit: int, besides: Collection[UUID] = ()
    ) -> Sequence[BackgroundTask]:
        """At most `limit` tasks of that name whose lease ran out by `now`, oldest lease first; kept likewise."""
        leased_until = Instant(self._tasks.c.leased_until)
        # A task that is being processed without a lease can be held by nobody.
        run_out = self._kept(name, BackgroundTaskStatus.PROCESSING, besides).where(
            (leased_until <= now) | leased_until.is_(None)
        )
        oldest_first = run_out.order_by(leased_until.nulls_first(), self._tasks.c.creation_time, self._tasks.c.id)
        return self._found(oldest_first.limit(limit))

    def _kept(self, name: str, status: BackgroundTaskStatus, besides: Collection[UUID]) -> Select[*tuple[object, ...]]:
        mine = (self._tasks.c.status == status) & (self._tasks.c.name == name)
        if besides:
            mine &= self._tasks.c.id.not_in(besides)
        # SQLite has no such locks and is sent none: there a unit of work holds the one write lock.
        return select(self._tasks).where(mine).with_for_update(skip_locked=True)

    def _found(self, statement: Select[*tuple[object, ...]]) -> list[BackgroundTask]:
        return [background_task_from(row, self._tasks) for row in self._connection.execute(statement).mappings()]
