"""Taking exports from the queue."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import attrs

from ticket_export.application.announcements import Announcements
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.attempt import PROGRESS_INTERVAL, Attempt
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.application.run.job_and_task import changing, first_kept
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.errors import ExportNotFoundError, InvalidTransitionError

# The clocks of two workers may differ by so much.
_CLOSE: Final = timedelta(minutes=1)


def this_process() -> str:
    """Return the name of this process among the workers: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


@attrs.frozen(kw_only=True)
class Claims:
    """Claims tasks for the time of `lease` and starts their jobs.

    `worker` returns the name of this process. A running export writes its progress every `progress_interval`, or more
    often where the lease is short. `max_running_per_user` is the limit of one user's running exports for
    `claim_next`; 0 is no limit.
    """

    unit_of_work: Callable[[], UnitOfWork]
    announcements: Announcements
    clock: Clock
    lease: timedelta
    worker: Callable[[], str] = this_process
    max_running_per_user: int = 0
    progress_interval: timedelta = PROGRESS_INTERVAL

    def claim(self, job_id: UUID) -> Attempt:
        """Return an attempt at that job.

        Raises:
            ExportNotFoundError: the job does not exist.
            InvalidTransitionError: the job is not queued, its task is not enqueued, or the task is another program's.
            LeaseLostError: another worker was faster.
        """
        with self.unit_of_work() as work:
            job = work.jobs.find(job_id)
            if job is None:
                raise ExportNotFoundError(job_id)
            task = job.background_task
            if task is None or task.name != TASK_NAME:
                raise InvalidTransitionError(f"export {job.id} has no background task of this library")
            return self._begin(work, job, task)

    def claim_next(self) -> Attempt | None:
        """Return an attempt at the job whose turn it is, or None if none waits that may run.

        The turn is that of `BackgroundTaskRepository.next_enqueued`.

        Raises:
            LeaseLostError: the job was cancelled meanwhile; other jobs may wait.
        """
        with self.unit_of_work() as work:
            now = self.clock.now()
            found = first_kept(
                work,
                lambda passed_over: work.tasks.next_enqueued(
                    TASK_NAME,
                    besides=passed_over,
                    max_running_per_user=self.max_running_per_user,
                    started_before=now + _CLOSE,
                ),
                ExportJobStatus.QUEUED,
                now,
            )
            if found is not None:
                return self._begin(work, *found)
            work.commit()
        return None

    def waiting(self, *, limit: int) -> Sequence[BackgroundTask]:
        """Return the tasks that have waited longest, at most `limit`."""
        with self.unit_of_work() as work:
            return work.tasks.enqueued_before(TASK_NAME, before=self.clock.now(), limit=limit)

    def _begin(self, work: UnitOfWork, job: ExportJob, task: BackgroundTask) -> Attempt:
        now = self.clock.now()
        database = work.database.identity()
        with changing(work, job, task):
            job.start(now)
            job.report_progress(ProgressStage.COUNTING, 0, now)
            task.claim(now, worker=self.worker(), lease=self.lease)
        return Attempt(
            job,
            database,
            task.fencing_token,
            now,
            self.unit_of_work,
            self.announcements,
            self.clock,
            self.lease,
            self.progress_interval,
        )
