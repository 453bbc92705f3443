"""Exports whose worker vanished go back into the queue."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import attrs

from ticket_export.application.announcements import Announcements, dispatch_committed
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.export_job_repository import UNREADABLE
from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.export_task import (
    SETTLED_AFTER,
    TASK_NAME,
    is_settled,
    may_be_given_up,
    readable_job_of,
)
from ticket_export.application.run.job_and_task import store_failed, store_lost
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.errors import LeaseLostError

_log = logging.getLogger(__name__)

# In one call; whatever is left is for the next.
_MOST = 1_000


@attrs.frozen(kw_only=True)
class Recovery:
    """How many exports were put back into the queue, and how many were given up."""

    requeued: int = 0
    given_up: int = 0


@attrs.frozen(kw_only=True)
class RecoverStalledExports:
    """See to it that no export stays Running, or Queued, with nobody to run it.

    Rules:
        1. A task whose lease has run out goes back into the queue; the lost attempt counts.
        2. After `max_attempts` lost attempts the export fails.
        3. An export whose task has ended without it, or was deleted, fails. A job that is younger than a minute may
           get its task yet, and is left alone.
        4. Tasks of other programs in the same table are left alone: those of another name, or with arguments that are
           not ours, and those that were written within the last minute.
        5. An export that another transaction keeps is left to the next call; the others do not wait for it.
        6. Each export is dealt with in a transaction of its own; done by several at once, it is done once.
    """

    unit_of_work: Callable[[], UnitOfWork]
    task_queue: TaskQueue
    announcements: Announcements
    clock: Clock
    max_attempts: int

    def __call__(self) -> Recovery:
        """Recover what there is to recover now."""
        requeued = given_up = 0
        for step in (self._recover_one, self._give_up_one):
            for _ in range(_MOST):
                try:
                    job = step()
                except LeaseLostError:
                    continue  # somebody else has just dealt with it
                if job is None:
                    break
                requeued += job.status == ExportJobStatus.QUEUED
                given_up += job.status == ExportJobStatus.FAILED
        return Recovery(requeued=requeued, given_up=given_up)

    def _recover_one(self) -> ExportJob | None:
        with self.unit_of_work() as work:
            now = self.clock.now()
            task, job = self._lapsed(work, now)
            if task is None or job is None:
                work.commit()
                return None
            worker = task.leased_by
            store_lost(work, job, task, max_attempts=self.max_attempts, given_up=_given_up, now=now)
            tell = None
            if job.status == ExportJobStatus.FAILED:
                tell = self.announcements.failed(work, job, at=now)
            work.commit()
        _log.warning(
            "export %s was lost by %s in attempt %d and is %s now",
            *(job.id, worker, task.fencing_token, job.status),
            extra={"job_id": str(job.id)},
        )
        if tell is not None:
            tell()
        else:
            dispatch_committed(self.task_queue, task)
        return job

    def _give_up_one(self) -> ExportJob | None:
        with self.unit_of_work() as work:
            now = self.clock.now()
            job = _first_without_task(work, now)
            if job is None:
                return None
            was = job.status
            job.fail("The export was given up: its background task ended without it.", now)
            store_failed(work, job, was=was, now=now)
            tell = self.announcements.failed(work, job, at=now)
            work.commit()
        _log.warning("export %s had no background task any more", job.id, extra={"job_id": str(job.id)})
        tell()
        return job

    def _lapsed(self, work: UnitOfWork, now: datetime) -> tuple[BackgroundTask, ExportJob] | tuple[None, None]:
        left_alone: list[UUID] = []
        while tasks := work.tasks.lapsed(TASK_NAME, now=now, limit=1, besides=left_alone):
            (task,) = tasks
            job = _running_job(work, task)
            # Every worker of ours has a lease. Without one, somebody has set the task to be in work just now.
            if job is not None and (task.leased_until is not None or is_settled(task, now)) and work.jobs.keep(job.id):
                return task, job
            if job is not None or not may_be_given_up(task, now):
                left_alone.append(task.id)
                continue
            task.fail("No running export holds this task.", now)
            work.tasks.update(task, fencing_token=task.fencing_token)
        return None, None


def _given_up(attempts: int) -> str:
    return f"The export was given up; attempts that ended without a sign of life: {attempts}."


def _first_without_task(work: UnitOfWork, now: datetime) -> ExportJob | None:
    left_alone = 0
    while True:
        try:
            jobs = work.jobs.active_without_task(TASK_NAME, before=now - SETTLED_AFTER, limit=1, skip=left_alone)
        except UNREADABLE:
            _log.exception("an export that no task will ever end cannot be read, and is left as it is")
        else:
            job = next(iter(jobs), None)
            if job is None or work.jobs.keep(job.id):
                return job
        left_alone += 1


def _running_job(work: UnitOfWork, task: BackgroundTask) -> ExportJob | None:
    job = readable_job_of(work, task)
    if job is None or job.is_cleaned_up or job.background_task_id != task.id:
        return None
    return job if job.status == ExportJobStatus.RUNNING else None
