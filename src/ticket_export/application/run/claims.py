"""Taking exports from the queue."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import attrs

from ticket_export.application.announcements import Announcements
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.attempt import Attempt
from ticket_export.application.run.export_task import TASK_NAME, may_be_given_up, readable_job_of
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.errors import ExportNotFoundError, InvalidTransitionError

_log = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class Claims:
    """Claims tasks, each for the time of `lease`, and starts their jobs; `worker` returns the name of this process."""

    unit_of_work: Callable[[], UnitOfWork]
    announcements: Announcements
    clock: Clock
    worker: Callable[[], str]
    lease: timedelta

    def claim(self, job_id: UUID) -> Attempt:
        """An attempt at that job.

        Raises:
            ExportNotFoundError: there is no such job.
            InvalidTransitionError: the job is not queued, or its task is not to be had, or is of another program.
            LeaseLostError: another worker was faster.
        """
        with self.unit_of_work() as work:
            job = work.jobs.find(job_id)
            if job is None:
                raise ExportNotFoundError(job_id)
            task = job.background_task
            if task is None or task.name != TASK_NAME:
                raise InvalidTransitionError(f"export {job.id} has no background task of ours and cannot be run")
            return self._begin(work, job, task)

    def claim_next(self) -> Attempt | None:
        """An attempt at the job that has waited longest, or None if none waits.

        Raises:
            LeaseLostError: the job was cancelled meanwhile; there may be others.
        """
        with self.unit_of_work() as work:
            now = self.clock.now()
            left_alone: list[UUID] = []
            while task := work.tasks.next_enqueued(TASK_NAME, besides=left_alone):
                job = readable_job_of(work, task)
                if job is not None and _waits_for(job, task):
                    if work.jobs.keep(job.id):
                        return self._begin(work, job, task)
                    # Somebody has its row in a transaction, maybe for long; those behind it do not wait for that.
                    left_alone.append(task.id)
                    continue
                if not may_be_given_up(task, now):
                    left_alone.append(task.id)
                    continue
                # Nobody else would ever take it out of the way of those that wait behind it.
                _log.error("task %s is for no export that waits, and was given up", task.id)
                task.fail("No export waits for this task.", now)
                work.tasks.update(task, fencing_token=task.fencing_token)
            work.commit()
        return None

    def _begin(self, work: UnitOfWork, job: ExportJob, task: BackgroundTask) -> Attempt:
        now = self.clock.now()
        was, token = job.status, task.fencing_token
        job.start(now)
        job.report_progress(ProgressStage.COUNTING, 0, now)
        task.claim(now, worker=self.worker(), lease=self.lease)
        work.tasks.update(task, fencing_token=token)
        work.jobs.update(job, was=was)
        work.commit()
        return Attempt(job, task.fencing_token, now, self.unit_of_work, self.announcements, self.clock, self.lease)


def _waits_for(job: ExportJob, task: BackgroundTask) -> bool:
    return job.status == ExportJobStatus.QUEUED and not job.is_cleaned_up and job.background_task_id == task.id
