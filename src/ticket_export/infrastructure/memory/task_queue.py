"""A queue that keeps what was dispatched, until somebody takes it."""

from __future__ import annotations

import attrs

from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.domain.background_task import BackgroundTask


@attrs.define
class InMemoryTaskQueue(TaskQueue):
    """Runs nothing; `dispatched` holds the tasks, oldest first."""

    dispatched: list[BackgroundTask] = attrs.field(factory=list)

    def dispatch(self, task: BackgroundTask) -> None:
        """Keep the task."""
        self.dispatched.append(task)
