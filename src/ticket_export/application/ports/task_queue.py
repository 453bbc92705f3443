"""How a worker learns that there is work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ticket_export.domain.background_task import BackgroundTask


class TaskQueue(Protocol):
    """Sends committed tasks on their way.

    The task's row is written in the transaction of the request; this signal only follows it, so a
    lost signal delays a task and cannot lose it, and no task starts before its job exists.
    """

    def dispatch(self, task: BackgroundTask) -> None:
        """See to it that `task`, which is committed, is run soon. Never raises for what the task does."""
        ...
