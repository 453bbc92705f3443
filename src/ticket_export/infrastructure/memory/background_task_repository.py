"""Background tasks in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

import attrs

from ticket_export.application.ports.background_task_repository import BackgroundTaskRepository, Backlog
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.errors import LeaseLostError
from ticket_export.infrastructure.memory.database import InMemoryTransaction

_NEVER = datetime.min.replace(tzinfo=UTC)


class InMemoryBackgroundTaskRepository(BackgroundTaskRepository):
    """The tasks inside one in-memory transaction."""

    def __init__(self, transaction: InMemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, task: BackgroundTask) -> None:
        """Store a new task; raise ``ValueError`` if its id is stored already."""
        tasks = self._transaction.writing().tasks
        if task.id in tasks:
            raise ValueError(f"task {task.id} is stored already")
        tasks[task.id] = attrs.evolve(task)

    def find(self, task_id: UUID) -> BackgroundTask | None:
        task = self._transaction.reading().tasks.get(task_id)
        return None if task is None else attrs.evolve(task)

    def update(self, task: BackgroundTask, *, fencing_token: int) -> None:
        tasks = self._transaction.writing().tasks
        stored = tasks.get(task.id)
        if stored is None or stored.fencing_token != fencing_token:
            raise LeaseLostError(f"task {task.id} is no longer at attempt {fencing_token}")
        tasks[task.id] = attrs.evolve(task)

    def remove(self, task_id: UUID) -> bool:
        """Delete the task, and the reference of its job to it."""
        rows = self._transaction.writing()
        for job in list(rows.jobs.values()):
            if job.background_task_id == task_id:
                rows.jobs[job.id] = attrs.evolve(job, background_task_id=None)
        return rows.tasks.pop(task_id, None) is not None

    def next_enqueued(
        self,
        name: str,
        *,
        besides: Collection[UUID] = (),
        max_running_per_user: int = 0,
        started_before: datetime | None = None,
    ) -> BackgroundTask | None:
        waiting = self._kept(name, BackgroundTaskStatus.ENQUEUED, besides)
        running = Counter(map(_share, self._kept(name, BackgroundTaskStatus.PROCESSING, ())))
        last_start: dict[str, datetime] = {}
        for task in self._transaction.writing().tasks.values():
            if task.name != name or task.started_at is None:
                continue
            if started_before is None or task.started_at < started_before:
                last_start[_share(task)] = max(task.started_at, last_start.get(_share(task), _NEVER))
        if max_running_per_user:
            blocked = self._tasks_of_busy_users(name, max_running_per_user)
            waiting = [task for task in waiting if task.id not in blocked]
        turn = min(
            waiting,
            key=lambda task: (
                running[_share(task)],
                last_start.get(_share(task), _NEVER),
                task.creation_time,
                task.id,
            ),
            default=None,
        )
        return None if turn is None else attrs.evolve(turn)

    def enqueued_before(self, name: str, *, before: datetime, limit: int) -> Sequence[BackgroundTask]:
        tasks = self._transaction.reading().tasks.values()
        waiting = [task for task in tasks if (task.name, task.status) == (name, BackgroundTaskStatus.ENQUEUED)]
        waiting.sort(key=lambda task: (task.creation_time, task.id))
        old = (task for task in waiting if (task.last_modification_time or task.creation_time) < before)
        return [attrs.evolve(task) for task in islice(old, limit)]

    def lapsed(
        self, name: str, *, now: datetime, limit: int, besides: Collection[UUID] = ()
    ) -> Sequence[BackgroundTask]:
        processing = self._kept(name, BackgroundTaskStatus.PROCESSING, besides)
        run_out = [task for task in processing if not task.is_leased_at(now)]
        # A task without a lease is the oldest.
        run_out.sort(key=lambda task: (task.leased_until or _NEVER, task.creation_time, task.id))
        return [attrs.evolve(task) for task in run_out[:limit]]

    def backlog(self, name: str) -> Backlog:
        tasks = [task for task in self._transaction.reading().tasks.values() if task.name == name]
        waiting = [task.creation_time for task in tasks if task.status is BackgroundTaskStatus.ENQUEUED]
        running = sum(task.status is BackgroundTaskStatus.PROCESSING for task in tasks)
        return Backlog(len(waiting), running, min(waiting, default=None))

    def _tasks_of_busy_users(self, name: str, limit: int) -> set[UUID | None]:
        jobs = self._transaction.writing().jobs.values()
        processing = {task.id for task in self._kept(name, BackgroundTaskStatus.PROCESSING, ())}
        running = Counter(
            job.requester_user_id
            for job in jobs
            if job.status == ExportJobStatus.RUNNING and job.background_task_id in processing
        )
        return {
            job.background_task_id
            for job in jobs
            if job.status == ExportJobStatus.QUEUED and running[job.requester_user_id] >= limit
        }

    def _kept(self, name: str, status: BackgroundTaskStatus, besides: Collection[UUID]) -> list[BackgroundTask]:
        # The write lock keeps all tasks from other transactions, which wait for it instead of passing tasks over.
        tasks = self._transaction.writing().tasks.values()
        return [task for task in tasks if (task.name, task.status) == (name, status) and task.id not in besides]


def _share(task: BackgroundTask) -> str:
    return task.share_key or ""
