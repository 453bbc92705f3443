"""One attempt of one worker to run an export: everything that it writes to the job, fenced by its token.

Every method is one short transaction. `LeaseLostError` means that the attempt no longer holds the job, because it was
cancelled or another worker took it over. The attempt must stop then and change nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import attrs

from ticket_export.application.announcements import Announcements, Tell
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.export_database import DatabaseIdentity
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.job_and_task import changing, end_lost_attempt
from ticket_export.application.run.progress import Progress
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.media_item import MediaItem
from ticket_export.errors import LeaseLostError

#: Progress is written at most twice a second. Otherwise a small export would spend most of its time on progress.
PROGRESS_INTERVAL = timedelta(seconds=0.5)
# Heartbeats in the time of a lease: two of them may be late or lost.
_HEARTBEATS = 3


@attrs.define
class Attempt:
    """`job` is the export as it was when the attempt began, in `database`. `token` is the attempt's fencing token."""

    job: ExportJob
    database: DatabaseIdentity
    token: int
    began_at: datetime
    _unit_of_work: Callable[[], UnitOfWork]
    _announcements: Announcements
    _clock: Clock
    _lease: timedelta
    _progress_interval: timedelta = PROGRESS_INTERVAL
    _written_at: datetime = attrs.field(init=False)
    _tell: Tell | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._written_at = self.began_at

    @property
    def heartbeat(self) -> timedelta:
        """The time between two heartbeats."""
        return min(self._progress_interval, self._lease / _HEARTBEATS)

    @property
    def is_due(self) -> bool:
        """Whether the next heartbeat is due."""
        # Also where the clock was set back: heartbeats must not stop for that.
        return not timedelta(0) <= self._clock.now() - self._written_at < self.heartbeat

    def report(self, progress: Progress) -> None:
        """Write the progress and renew the lease, unless that was tried a moment ago.

        Raises:
            LeaseLostError: the attempt has lost the job.
        """
        if not self.is_due:
            return
        # Before the write, so that a write that fails is not tried again at every block.
        self._written_at = self._clock.now()
        with self._change() as (_, job, task, now):
            job.report_progress(progress.stage, progress.percent, now)
            task.renew(now, lease=self._lease, info=progress.stage, percent=progress.percent)

    def record_start(self) -> None:
        """Record in the audit log that the attempt begins; raise what the log raises."""
        self._announcements.started(self.job, at=self.began_at)

    def tell_end(self) -> None:
        """Announce how the job has ended, if it has; call this once the end is known to be committed."""
        if self._tell is not None:
            self._tell()

    def complete(self, media_item: MediaItem, *, row_count: int, sha256: str) -> ExportJob:
        """Store that the job has its file, whose digest is `sha256` in hexadecimal digits.

        Raises:
            LeaseLostError: the attempt has lost the job; its file must be deleted.
        """
        with self._change() as (work, job, task, now):
            work.media_items.add(media_item)
            job.complete(row_count=row_count, media_item=media_item, now=now)
            task.complete(now)
            self._tell = self._announcements.completed(work, job, at=now, duration=now - self.began_at, sha256=sha256)
        return job

    def find_completed(self, object_key: str) -> ExportJob | None:
        """Return the stored job if it is complete with the file of that key; no later commit changes the answer."""
        with self._unit_of_work() as work:
            job = work.jobs.find(self.job.id)
            if job is not None and job.background_task is not None:
                # A commit whose answer was lost may still be under way. It holds the task's row, so a change of that
                # row waits for its end. This change is undone with the block. Only after that end can the task belong
                # to another attempt, or to none.
                with suppress(LeaseLostError):
                    work.tasks.update(job.background_task, fencing_token=self.token)
                job = work.jobs.find(self.job.id)
        is_completed = job is not None and job.media_item is not None and job.media_item.object_key == object_key
        return job if is_completed else None

    def fail(self, message: str) -> ExportJob:
        """End the job without a file; `message` is safe to show.

        Raises:
            LeaseLostError: the attempt has lost the job.
        """
        with self._change() as (work, job, task, now):
            job.fail(message, now)
            task.fail(message, now)
            self._tell = self._failed(work, job, now)
        return job

    def lose(self, why: str, *, max_attempts: int) -> ExportJob:
        """Put the job back into the queue for another attempt or, after `max_attempts` lost attempts, fail it.

        `why` ends the message of a failed job, and is safe to show.

        Raises:
            LeaseLostError: the attempt has lost the job.
        """

        def message(attempts: int) -> str:
            return f"The export was given up; attempts that were lost: {attempts}. {why[:1].upper()}{why[1:]}"

        with self._change() as (work, job, task, now):
            task.end_lease(now)
            end_lost_attempt(job, task, max_attempts=max_attempts, message=message, now=now)
            if job.status == ExportJobStatus.FAILED:
                self._tell = self._failed(work, job, now)
        return job

    def hand_back(self) -> BackgroundTask:
        """Put the job back into the queue, and return its task; the attempt does not count.

        Raises:
            LeaseLostError: the attempt has lost the job.
        """
        with self._change() as (_, job, task, now):
            job.hand_back(now)
            task.hand_back(now)
        return task

    def _failed(self, work: UnitOfWork, job: ExportJob, now: datetime) -> Tell:
        return self._announcements.failed(work, job, at=now, duration=now - self.began_at)

    @contextmanager
    def _change(self) -> Iterator[tuple[UnitOfWork, ExportJob, BackgroundTask, datetime]]:
        with self._unit_of_work() as work:
            now = self._clock.now()
            job = work.jobs.find(self.job.id)
            if job is not None and job.is_cancelled:
                raise LeaseLostError(f"export {job.id} was cancelled")
            task = job.background_task if job else None
            if job is None or task is None or not self._is_mine(job, task):
                raise LeaseLostError(f"attempt {self.token} at export {self.job.id} no longer holds it")
            # The write is conditional again: another transaction may come between the read and the write.
            with changing(work, job, task):
                yield work, job, task, now

    def _is_mine(self, job: ExportJob, task: BackgroundTask) -> bool:
        is_running = job.status == ExportJobStatus.RUNNING and task.status is BackgroundTaskStatus.PROCESSING
        return is_running and task.fencing_token == self.token
