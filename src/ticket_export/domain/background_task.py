"""The queue's entry for an export: attempts, lease and fencing token."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid4

import attrs

from ticket_export.domain.error_message import cut_message
from ticket_export.domain.utc import is_utc
from ticket_export.errors import InvalidTransitionError


class BackgroundTaskStatus(StrEnum):
    """The states of a task; stored as their value."""

    #: Waits to be claimed.
    ENQUEUED = "enqueued"
    #: Claimed by a worker until its lease ends.
    PROCESSING = "processing"
    #: Succeeded. Final.
    COMPLETE = "complete"
    #: Failed. Final.
    ERROR = "error"


@attrs.define(kw_only=True)
class BackgroundTask:
    """One unit of background work.

    `args` is a JSON object. Every claim raises `fencing_token` by one; a worker with an older token has lost the task
    and may change nothing. `number_of_retries` counts the attempts that lost their worker or their tickets, but not
    those that were handed back. All tasks of one `share_key` together get the same share of the workers as those of
    another one; `started_at` is the moment of the last claim. Times are aware UTC. Only a task that is being processed
    can be renewed, handed back, released, recovered or completed; a method that the task's state does not allow raises
    `InvalidTransitionError`.
    """

    id: UUID = attrs.field(factory=uuid4)
    name: str
    args: str = "{}"
    status: BackgroundTaskStatus = BackgroundTaskStatus.ENQUEUED
    status_info: str | None = None
    percent_complete: int = 0
    number_of_retries: int = 0
    error_message: str | None = None
    creation_time: datetime = attrs.field(validator=is_utc)
    last_modification_time: datetime | None = attrs.field(default=None, validator=is_utc)
    completion_time: datetime | None = attrs.field(default=None, validator=is_utc)
    task_step: int = 0
    fencing_token: int = 0
    leased_by: str | None = None
    leased_until: datetime | None = attrs.field(default=None, validator=is_utc)
    share_key: str | None = None
    started_at: datetime | None = attrs.field(default=None, validator=is_utc)

    def claim(self, now: datetime, *, worker: str, lease: timedelta) -> int:
        """Take an enqueued task for `worker` until `now + lease`; returns the attempt's fencing token."""
        self._require(self.status is BackgroundTaskStatus.ENQUEUED, "claimed")
        self.last_modification_time = self.started_at = now
        self.fencing_token += 1
        self.status = BackgroundTaskStatus.PROCESSING
        self.leased_by = worker
        self.leased_until = now + lease
        return self.fencing_token

    @property
    def has_ended(self) -> bool:
        """Whether the task is complete or has failed."""
        return self.status in {BackgroundTaskStatus.COMPLETE, BackgroundTaskStatus.ERROR}

    def is_leased_at(self, now: datetime) -> bool:
        """Whether a worker's lease is running at `now`."""
        return self.leased_until is not None and now < self.leased_until

    def renew(self, now: datetime, *, lease: timedelta, info: str, percent: int) -> None:
        """Record a heartbeat: extend the lease to `now + lease`, and store the progress."""
        self._require_processing("renewed")
        self.last_modification_time = now
        self.leased_until = now + lease
        self.status_info = info
        self.percent_complete = percent

    def hand_back(self, now: datetime) -> None:
        """Return to the queue from a worker that stops; the attempt does not count as a retry."""
        self._require_processing("handed back")
        self._enqueue(now)

    def end_lease(self, now: datetime) -> None:
        """End the lease of a worker that cannot go on: from `now` on the task can be recovered."""
        self._require_processing("released")
        self.last_modification_time = now
        self.leased_until = now

    def recover(self, now: datetime) -> None:
        """Return to the queue after the lease of a lost worker has ended; the attempt counts as a retry."""
        self._require_processing("recovered")
        if self.is_leased_at(now):
            raise InvalidTransitionError(f"task {self.id} is leased until {self.leased_until} and cannot be recovered")
        self._enqueue(now)
        self.number_of_retries += 1

    def complete(self, now: datetime) -> None:
        """End with success."""
        self._require_processing("completed")
        self._end(BackgroundTaskStatus.COMPLETE, now)
        self.percent_complete = 100

    def fail(self, message: str, now: datetime) -> None:
        """End a task that has not ended, with the first 1,000 characters of `message`, which must be safe to show."""
        self._require(not self.has_ended, "failed")
        self._end(BackgroundTaskStatus.ERROR, now)
        self.error_message = cut_message(message)

    def _require_processing(self, verb: str) -> None:
        self._require(self.status is BackgroundTaskStatus.PROCESSING, verb)

    def _require(self, allowed: bool, verb: str) -> None:
        if not allowed:
            raise InvalidTransitionError(f"task {self.id} is {self.status} and cannot be {verb}")

    def _enqueue(self, now: datetime) -> None:
        self.last_modification_time = now
        self.status = BackgroundTaskStatus.ENQUEUED
        self.status_info = None
        self.percent_complete = 0
        self.leased_by = None
        self.leased_until = None

    def _end(self, status: BackgroundTaskStatus, now: datetime) -> None:
        self.last_modification_time = now
        self.completion_time = now
        self.status = status
        self.leased_by = None
        self.leased_until = None
