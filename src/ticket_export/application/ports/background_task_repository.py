"""Where background tasks are kept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ticket_export.domain.background_task import BackgroundTask


class BackgroundTaskRepository(Protocol):
    """The queue's rows."""

    @abstractmethod
    def add(self, task: BackgroundTask) -> None:
        """Store a new task."""

    @abstractmethod
    def find(self, task_id: UUID) -> BackgroundTask | None:
        """The task of that id, or None."""

    @abstractmethod
    def update(self, task: BackgroundTask, *, fencing_token: int) -> None:
        """Store a changed task, provided that its stored fencing token still is `fencing_token`.

        Raises:
            LeaseLostError: it is not; nothing was changed.
        """

    @abstractmethod
    def next_enqueued(self, name: str, *, besides: Collection[UUID] = ()) -> BackgroundTask | None:
        """The task of that name that has waited longest, kept from other transactions until this one ends.

        Those of the ids `besides` do not count.

        Those that another transaction keeps are passed over, so that workers never wait for each other.
        """

    @abstractmethod
    def lapsed(
        self, name: str, *, now: datetime, limit: int, besides: Collection[UUID] = ()
    ) -> Sequence[BackgroundTask]:
        """At most `limit` tasks of that name whose lease ran out by `now`, oldest lease first; kept likewise.

        One in work without a lease counts as the oldest.
        """
