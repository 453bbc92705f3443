"""Background tasks in the host's table of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Select, func, insert, select, update

from ticket_export.application.ports.background_task_repository import BackgroundTaskRepository, Backlog
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.errors import LeaseLostError
from ticket_export.infrastructure.persistence.instant import Instant
from ticket_export.infrastructure.persistence.mapping import changes_of, entity_from, row_of
from ticket_export.infrastructure.persistence.removal import is_deleted
from ticket_export.infrastructure.persistence.tables import Tables


class SqlAlchemyBackgroundTaskRepository(BackgroundTaskRepository):
    """Works on one open connection, inside its transaction."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tasks = tables.background_tasks

    def add(self, task: BackgroundTask) -> None:
        self._connection.execute(insert(self._tasks), row_of(task, self._tasks))

    def find(self, task_id: UUID) -> BackgroundTask | None:
        return next(iter(self._found(select(self._tasks).where(self._tasks.c.id == task_id))), None)

    def update(self, task: BackgroundTask, *, fencing_token: int) -> None:
        unchanged = (self._tasks.c.id == task.id) & (self._tasks.c.fencing_token == fencing_token)
        changed = self._connection.execute(update(self._tasks).where(unchanged), changes_of(task, self._tasks))
        if changed.rowcount == 0:
            raise LeaseLostError(f"task {task.id} is no longer at attempt {fencing_token}")

    def remove(self, task_id: UUID) -> bool:
        # The foreign key empties the job's reference to the row.
        return is_deleted(self._connection, self._tasks, task_id)

    def next_enqueued(self, name: str, *, besides: Collection[UUID] = ()) -> BackgroundTask | None:
        waiting = self._kept(name, BackgroundTaskStatus.ENQUEUED, besides)
        oldest_first = waiting.order_by(self._tasks.c.creation_time, self._tasks.c.id)
        return next(iter(self._found(oldest_first.limit(1))), None)

    def enqueued_before(self, name: str, *, before: datetime, limit: int) -> Sequence[BackgroundTask]:
        tasks = self._tasks.c
        waiting = (tasks.status == BackgroundTaskStatus.ENQUEUED) & (tasks.name == name)
        written = Instant(func.coalesce(tasks.last_modification_time, tasks.creation_time))
        oldest_first = select(self._tasks).where(waiting & (written < before)).order_by(tasks.creation_time, tasks.id)
        return self._found(oldest_first.limit(limit))

    def lapsed(
        self, name: str, *, now: datetime, limit: int, besides: Collection[UUID] = ()
    ) -> Sequence[BackgroundTask]:
        leased_until = Instant(self._tasks.c.leased_until)
        # No worker holds a task that is being processed without a lease.
        run_out = self._kept(name, BackgroundTaskStatus.PROCESSING, besides).where(
            (leased_until <= now) | leased_until.is_(None)
        )
        oldest_first = run_out.order_by(leased_until.nulls_first(), self._tasks.c.creation_time, self._tasks.c.id)
        return self._found(oldest_first.limit(limit))

    def backlog(self, name: str) -> Backlog:
        tasks = self._tasks.c
        counted = select(tasks.status, func.count(), func.min(tasks.creation_time)).group_by(tasks.status)
        active = (BackgroundTaskStatus.ENQUEUED, BackgroundTaskStatus.PROCESSING)
        of_name = counted.where((tasks.name == name) & tasks.status.in_(active))
        found = {status: (number, oldest) for status, number, oldest in self._connection.execute(of_name)}
        waiting, oldest = found.get(BackgroundTaskStatus.ENQUEUED, (0, None))
        running, _ = found.get(BackgroundTaskStatus.PROCESSING, (0, None))
        return Backlog(waiting, running, oldest)

    def _kept(self, name: str, status: BackgroundTaskStatus, besides: Collection[UUID]) -> Select[*tuple[object, ...]]:
        mine = (self._tasks.c.status == status) & (self._tasks.c.name == name)
        if besides:
            mine &= self._tasks.c.id.not_in(besides)
        # SQLAlchemy sends SQLite no such clause: there a unit of work holds the one write lock.
        return select(self._tasks).where(mine).with_for_update(skip_locked=True)

    def _found(self, statement: Select[*tuple[object, ...]]) -> list[BackgroundTask]:
        rows = self._connection.execute(statement).mappings()
        return [entity_from(row, self._tasks, BackgroundTask) for row in rows]
