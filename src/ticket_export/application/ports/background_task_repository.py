"""The stored background tasks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import attrs

from ticket_export.domain.background_task import BackgroundTask


@attrs.frozen
class Backlog:
    """The numbers of tasks that wait and that are being processed; `oldest` is when the oldest waiting one was made."""

    waiting: int = 0
    running: int = 0
    oldest: datetime | None = None


class BackgroundTaskRepository(Protocol):
    """The rows of the queue, inside one transaction."""

    @abstractmethod
    def add(self, task: BackgroundTask) -> None:
        """Store a new task."""

    @abstractmethod
    def find(self, task_id: UUID) -> BackgroundTask | None:
        """Return the task of that id, or None."""

    @abstractmethod
    def update(self, task: BackgroundTask, *, fencing_token: int) -> None:
        """Store a changed task if its stored fencing token is still `fencing_token`.

        Raises:
            LeaseLostError: it is another one; nothing was changed.
        """

    @abstractmethod
    def remove(self, task_id: UUID) -> bool:
        """Delete the task; return False at once if another transaction keeps it, or if there is none."""

    @abstractmethod
    def next_enqueued(
        self,
        name: str,
        *,
        besides: Collection[UUID] = (),
        max_running_per_user: int = 0,
        started_before: datetime | None = None,
    ) -> BackgroundTask | None:
        """Return the task of that name whose turn it is, and keep it from others until the transaction ends.

        It is the oldest enqueued task of one share, which is all tasks with one `share_key`. Tasks without a key are
        one share. The share is the one with the fewest tasks that are being processed; among equals, the one whose last
        start was longest ago, or that has never started one; then the one with the oldest task. A start that is not
        before `started_before` is that of a clock which was wrong, and does not count.

        One transaction at a time chooses, until it ends, so that each one counts the tasks that others have claimed.

        Tasks of the ids `besides`, and tasks that another transaction keeps, are passed over: workers never wait for
        each other's exports. So are tasks whose export is by a user who has `max_running_per_user` running exports
        with tasks of that name; 0 is no limit.
        """

    @abstractmethod
    def enqueued_before(self, name: str, *, before: datetime, limit: int) -> Sequence[BackgroundTask]:
        """Return at most `limit` tasks of that name that wait and were last written before `before`, oldest first."""

    @abstractmethod
    def lapsed(
        self, name: str, *, now: datetime, limit: int, besides: Collection[UUID] = ()
    ) -> Sequence[BackgroundTask]:
        """Return at most `limit` tasks of that name whose lease ended by `now`, oldest lease first; keep them likewise.

        A task that is processed without a lease counts as the oldest.
        """

    @abstractmethod
    def backlog(self, name: str) -> Backlog:
        """Count the tasks of that name that have not ended; keep none of them."""
