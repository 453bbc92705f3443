"""The export job: one request for one file, and its lifecycle.

::

    request ─> Queued ── start ──> Running ── complete ──> Completed ── clean_up ──> (no file)
                 │ <─ hand_back ─     │
                 └─── fail, cancel ───┴──> Failed ── clean_up ──> (nothing to delete)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from ticket_export.domain.auditing import AuditableEntity
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.error_message import cut_message
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.domain.user import User
from ticket_export.domain.user_id import UserId
from ticket_export.domain.utc import is_utc, require_utc
from ticket_export.errors import InvalidTransitionError

#: How long a file can be downloaded, counted from the request (the seed's "RequestedAt + 72 hours").
RETENTION: Final = timedelta(hours=72)
#: The error message of a job that a user cancelled.
CANCELLED: Final = "Cancelled"


@attrs.define(kw_only=True)
class ExportJob(AuditableEntity):
    """One requested export. Fields and defaults are those of the owner's data model.

    Times are aware UTC and are passed in; the entity never reads a clock. Another kind of time raises ``ValueError``
    and changes nothing, because every method sets the time of the change first. A method that the job's state does not
    allow raises `InvalidTransitionError` and changes nothing. `requester`, `media_item` and `background_task` are
    filled by the repository that read the job; ``==`` does not compare them.
    """

    requester_user_id: UserId
    requested_at: datetime = attrs.field(validator=is_utc)
    status: ExportJobStatus = ExportJobStatus.QUEUED
    progress_stage: str | None = None
    progress_percent: int | None = None
    row_count: int | None = None
    error_message: str | None = None
    completed_at: datetime | None = attrs.field(default=None, validator=is_utc)
    snapshot_payload_json: str = attrs.field(repr=False)
    media_item_id: UUID | None = None
    expires_at: datetime = attrs.field(validator=is_utc)
    is_cleaned_up: bool = False
    background_task_id: UUID | None = None

    requester: User | None = attrs.field(default=None, eq=False, repr=False)
    media_item: MediaItem | None = attrs.field(default=None, eq=False, repr=False)
    background_task: BackgroundTask | None = attrs.field(default=None, eq=False, repr=False)

    @classmethod
    def request(
        cls,
        *,
        requester_user_id: UserId,
        snapshot_payload_json: str,
        background_task: BackgroundTask,
        now: datetime,
        retention: timedelta = RETENTION,
    ) -> ExportJob:
        """Return a new queued job that expires `retention` after `now`."""
        require_utc("now", now)
        return cls(
            requester_user_id=requester_user_id,
            requested_at=now,
            progress_stage=ProgressStage.QUEUED,
            snapshot_payload_json=snapshot_payload_json,
            expires_at=now + retention,
            background_task_id=background_task.id,
            background_task=background_task,
            creation_time=now,
            creator_user_id=requester_user_id,
        )

    def start(self, now: datetime) -> None:
        """Move from Queued to Running."""
        self._require(self.status == ExportJobStatus.QUEUED, "started")
        self.stamp_modified(now)
        self.status = ExportJobStatus.RUNNING

    def report_progress(self, stage: ProgressStage, percent: int, now: datetime) -> None:
        """Record the stage of a running job and how much is done.

        Raises:
            ValueError: `percent` is not from 0 to 100.
        """
        self._require(self.status == ExportJobStatus.RUNNING, "making progress")
        if not 0 <= percent <= 100:
            raise ValueError(f"percent must be from 0 to 100, not {percent}")
        self.stamp_modified(now)
        self.progress_stage = stage.value
        self.progress_percent = percent

    def complete(self, *, row_count: int, media_item: MediaItem, now: datetime) -> None:
        """Move from Running to Completed, with the number of data rows and the stored file."""
        self._require(self.status == ExportJobStatus.RUNNING, "completed")
        self.stamp_modified(now)
        self.status = ExportJobStatus.COMPLETED
        self.progress_stage = ProgressStage.UPLOADING.value
        self.progress_percent = 100
        self.row_count = row_count
        self.media_item_id = media_item.id
        self.media_item = media_item
        self.completed_at = now

    def fail(self, message: str, now: datetime) -> None:
        """Move from Queued or Running to Failed.

        The requester sees the first 1,000 characters of `message`, so it must be safe to show.
        """
        self._require(not self.status.is_final, "failed")
        self.stamp_modified(now)
        self.status = ExportJobStatus.FAILED
        self.error_message = cut_message(message)
        self.completed_at = now

    def hand_back(self, now: datetime) -> None:
        """Move from Running to Queued: the worker has stopped, and another one may start from the beginning."""
        self._require(self.status == ExportJobStatus.RUNNING, "handed back")
        self.stamp_modified(now)
        self.status = ExportJobStatus.QUEUED
        self.progress_stage = ProgressStage.QUEUED.value
        self.progress_percent = None

    def cancel(self, now: datetime, *, by: UserId) -> None:
        """Move from Queued or Running to Failed, for user `by`."""
        self._require(not self.status.is_final, "cancelled")
        self.fail(CANCELLED, now)
        self.stamp_modified(now, by)

    @property
    def has_view(self) -> bool:
        """Whether the view was read with the job; a list reads an empty text instead of a long view."""
        return self.snapshot_payload_json != ""

    @property
    def is_cancelled(self) -> bool:
        """Whether a user cancelled the job."""
        return self.status == ExportJobStatus.FAILED and self.error_message == CANCELLED

    def is_expired_at(self, now: datetime) -> bool:
        """Whether the retention is over; it is over at `expires_at` itself."""
        return now >= self.expires_at

    def has_file_at(self, now: datetime) -> bool:
        """Whether the job has a file that has not expired."""
        return self.media_item is not None and not self.is_cleaned_up and not self.is_expired_at(now)

    def expire(self, now: datetime) -> None:
        """End the retention at or after `expires_at`: a queued or running job fails, an ended one stays as it is."""
        self._require(self.is_expired_at(now), "expired before its time")
        if not self.status.is_final:
            self.fail("The export expired before it was finished.", now)

    def clean_up(self, now: datetime) -> None:
        """Record, once, that the file of an ended and expired job is deleted."""
        allowed = self.status.is_final and self.is_expired_at(now) and not self.is_cleaned_up
        self._require(allowed, "cleaned up")
        self.stamp_modified(now)
        self.is_cleaned_up = True
        self.media_item_id = None
        self.media_item = None

    def _require(self, allowed: bool, what: str) -> None:
        if not allowed:
            cleaned = ", cleaned up" if self.is_cleaned_up else ""
            state = f"it is {self.status}{cleaned}, expires {self.expires_at.isoformat()}"
            raise InvalidTransitionError(f"export {self.id} cannot be {what}: {state}")
