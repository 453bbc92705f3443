"""One worker's go at one export: everything it writes to the job, fenced by its token.

Every method is one short transaction. `LeaseLostError` from any of them means that the job has moved
on (it was cancelled, or another worker took it over): the attempt must stop and change nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import attrs

from ticket_export.application.announcements import Announcements, Tell
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.job_and_task import store_lost
from ticket_export.application.run.progress import Progress
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.media_item import MediaItem
from ticket_export.errors import LeaseLostError

#: Progress is written at most twice a second, or a small export would be mostly progress.
PROGRESS_INTERVAL = timedelta(seconds=0.5)
# Of a lease: two signs of life may come late or get lost.
_SIGNS_OF_LIFE = 3


@attrs.define
class Attempt:
    """`job` is the export as it was when the attempt began, `token` its fencing token."""

    job: ExportJob
    token: int
    began_at: datetime
    _unit_of_work: Callable[[], UnitOfWork]
    _announcements: Announcements
    _clock: Clock
    _lease: timedelta
    _written_at: datetime = attrs.field(init=False)
    _tell: Tell | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._written_at = self.began_at

    @property
    def heartbeat(self) -> timedelta:
        """How often the attempt gives a sign of life."""
        return min(PROGRESS_INTERVAL, self._lease / _SIGNS_OF_LIFE)

    @property
    def is_due(self) -> bool:
        """Whether the next heartbeat is due."""
        # A clock that was set back must not silence the attempt.
        return not timedelta(0) <= self._clock.now() - self._written_at < self.heartbeat

    def report(self, progress: Progress) -> None:
        """Write the progress, unless that was tried a moment ago; doubles as the lease's heartbeat.

        Raises:
            LeaseLostError: the attempt has lost the job.
        """
        if not self.is_due:
            return
        # Also where it then cannot be written, so that trouble is not met at every block.
        self._written_at = self._clock.now()
        with self._unit_of_work() as work:
            now = self._clock.now()
            job, task = self._hold(work)
            job.report_progress(progress.stage, progress.percent, now)
            task.renew(now, lease=self._lease, info=progress.stage, percent=progress.percent)
            self._store(work, job, task)

    def record_start(self) -> None:
        """Record in the audit log that the attempt begins; raises whatever the log does."""
        self._announcements.started(self.job, at=self.began_at)

    def tell_end(self) -> None:
        """Tell how the job has ended, if it has: call it once that is known to be committed."""
        if self._tell is not None:
            self._tell()

    def complete(self, media_item: MediaItem, *, row_count: int, sha256: str) -> ExportJob:
        """The job has its file, which has that digest in hexadecimal digits.

        Raises:
            LeaseLostError: the attempt has lost the job; its file must go.
        """
        with self._unit_of_work() as work:
            now = self._clock.now()
            job, task = self._hold(work)
            work.media_items.add(media_item)
            job.complete(row_count=row_count, media_item=media_item, now=now)
            task.complete(now)
            self._tell = self._announcements.completed(work, job, at=now, duration=now - self.began_at, sha256=sha256)
            self._store(work, job, task)
        return job

    def find_completed(self, object_key: str) -> ExportJob | None:
        """The job as it is stored, if it is complete with the file of that key; no later commit changes the answer."""
        with self._unit_of_work() as work:
            job = work.jobs.find(self.job.id)
            if job is not None and job.background_task is not None:
                # A commit whose answer was lost may be under way still. It holds the task's row, so that a change of
                # that row waits for its end; this change is undone with the block. Another attempt has the task, or
                # nobody, only after that end.
                with suppress(LeaseLostError):
                    work.tasks.update(job.background_task, fencing_token=self.token)
                job = work.jobs.find(self.job.id)
        is_completed = job is not None and job.media_item is not None and job.media_item.object_key == object_key
        return job if is_completed else None

    def fail(self, message: str) -> ExportJob:
        """The job ends without a file; `message` is safe to show.

        Raises:
            LeaseLostError: the attempt has lost the job.
        """
        with self._unit_of_work() as work:
            now = self._clock.now()
            job, task = self._hold(work)
            job.fail(message, now)
            task.fail(message, now)
            self._tell = self._failed(work, job, now)
            self._store(work, job, task)
        return job

    def lose(self, why: str, *, max_attempts: int) -> ExportJob:
        """The attempt cannot go on, and counts: the job waits for another or, after `max_attempts` lost ones, fails.

        `why` ends its message then, and is safe to show.

        Raises:
            LeaseLostError: the attempt has lost the job.
        """

        def given_up(attempts: int) -> str:
            return f"The export was given up; attempts that were lost: {attempts}. {why}"

        with self._unit_of_work() as work:
            now = self._clock.now()
            job, task = self._hold(work)
            task.end_lease(now)
            store_lost(work, job, task, max_attempts=max_attempts, given_up=given_up, now=now)
            if job.status == ExportJobStatus.FAILED:
                self._tell = self._failed(work, job, now)
            work.commit()
        return job

    def hand_back(self) -> BackgroundTask:
        """The worker stops: the job waits for another, and the attempt does not count. Gives its task, which waits too.

        Raises:
            LeaseLostError: the attempt has lost the job.
        """
        with self._unit_of_work() as work:
            now = self._clock.now()
            job, task = self._hold(work)
            job.hand_back(now)
            task.hand_back(now)
            self._store(work, job, task)
        return task

    def _failed(self, work: UnitOfWork, job: ExportJob, now: datetime) -> Tell:
        return self._announcements.failed(work, job, at=now, duration=now - self.began_at)

    def _hold(self, work: UnitOfWork) -> tuple[ExportJob, BackgroundTask]:
        job = work.jobs.find(self.job.id)
        task = job.background_task if job else None
        if job is not None and job.is_cancelled:
            raise LeaseLostError(f"export {job.id} was cancelled")
        if job is None or task is None or not self._is_mine(job, task):
            raise LeaseLostError(f"attempt {self.token} at export {self.job.id} no longer holds it")
        return job, task

    def _is_mine(self, job: ExportJob, task: BackgroundTask) -> bool:
        is_going_on = job.status == ExportJobStatus.RUNNING and task.status is BackgroundTaskStatus.PROCESSING
        return is_going_on and task.fencing_token == self.token

    def _store(self, work: UnitOfWork, job: ExportJob, task: BackgroundTask) -> None:
        # Conditional once more: another transaction may have come between the look and the write.
        work.tasks.update(task, fencing_token=self.token)
        work.jobs.update(job, was=ExportJobStatus.RUNNING)
        work.commit()
