"""Put exports back into the queue whose worker has vanished."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

import attrs

from ticket_export.application.announcements import Announcements, dispatch_committed
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.export_job_repository import UNREADABLE
from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.export_task import SETTLED_AFTER, TASK_NAME, is_settled
from ticket_export.application.run.job_and_task import changing, end_lost_attempt, failing, first_kept
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.errors import LeaseLostError

_log = logging.getLogger(__name__)

# In one call. The next call does the rest.
_MOST = 1_000


@attrs.frozen(kw_only=True)
class Recovery:
    """How many exports went back into the queue, and how many were given up."""

    requeued: int = 0
    given_up: int = 0


@attrs.frozen(kw_only=True)
class RecoverStalledExports:
    """Ensure that no export stays Running, or Queued, without a worker that will run it.

    Rules:
        1. A task whose lease has ended goes back into the queue; the lost attempt counts.
        2. After `max_attempts` lost attempts the export fails.
        3. An export whose task has ended without it, or was deleted, fails. A job that is younger than a minute may
           still get its task, and is left alone.
        4. Tasks of other programs in the same table are left alone: tasks with another name or with arguments that are
           not this library's, and tasks that were written within the last minute.
        5. An export that another transaction keeps is left to the next call; the others do not wait for it.
        6. Each export has a transaction of its own. Several concurrent calls recover it once.
    """

    unit_of_work: Callable[[], UnitOfWork]
    task_queue: TaskQueue
    announcements: Announcements
    clock: Clock
    max_attempts: int

    def __call__(self) -> Recovery:
        """Recover the exports that are stalled now."""
        requeued = given_up = 0
        for step in (self._recover_one, self._give_up_one):
            for _ in range(_MOST):
                try:
                    job = step()
                except LeaseLostError:
                    continue  # another process has just changed it
                if job is None:
                    break
                requeued += job.status == ExportJobStatus.QUEUED
                given_up += job.status == ExportJobStatus.FAILED
        return Recovery(requeued=requeued, given_up=given_up)

    def _recover_one(self) -> ExportJob | None:
        with self.unit_of_work() as work:
            now = self.clock.now()
            found = first_kept(
                work,
                lambda passed_over: next(
                    iter(work.tasks.lapsed(TASK_NAME, now=now, limit=1, besides=passed_over)), None
                ),
                ExportJobStatus.RUNNING,
                now,
                # Every worker of this library has a lease. Another program may just have set a task without one to
                # be processed.
                is_ready=lambda task: task.leased_until is not None or is_settled(task, now),
            )
            if found is None:
                work.commit()
                return None
            job, task = found
            worker, tell = task.leased_by, None
            with changing(work, job, task):
                end_lost_attempt(job, task, max_attempts=self.max_attempts, message=_given_up, now=now)
                if job.status == ExportJobStatus.FAILED:
                    tell = self.announcements.failed(work, job, at=now)
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
            with failing(work, job, now):
                job.fail("The export was given up: its background task ended without it.", now)
                tell = self.announcements.failed(work, job, at=now)
        _log.warning("export %s failed: it had no background task", job.id, extra={"job_id": str(job.id)})
        tell()
        return job


def _given_up(attempts: int) -> str:
    return f"The export was given up; attempts that ended without a heartbeat: {attempts}."


def _first_without_task(work: UnitOfWork, now: datetime) -> ExportJob | None:
    passed_over = 0
    while True:
        try:
            jobs = work.jobs.active_without_task(TASK_NAME, before=now - SETTLED_AFTER, limit=1, skip=passed_over)
        except UNREADABLE:
            _log.exception("an export without a background task cannot be read, and stays as it is")
        else:
            job = next(iter(jobs), None)
            if job is None or work.jobs.keep(job.id):
                return job
        passed_over += 1
