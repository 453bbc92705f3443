"""Where background tasks are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from uuid import UUID

    from ticket_export.domain.background_task import BackgroundTask


class BackgroundTaskRepository(Protocol):
    """The queue's rows."""

    def add(self, task: BackgroundTask) -> None:
        """Store a new task."""
        ...

    def find(self, task_id: UUID) -> BackgroundTask | None:
        """The task of that id, or None."""
        ...

    def update(self, task: BackgroundTask, *, fencing_token: int) -> None:
        """Store a changed task, provided that its stored fencing token still is `fencing_token`.

        Raises:
            LeaseLostError: it is not; nothing was changed.
        """
        ...
