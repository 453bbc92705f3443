"""A task queue that tests can read."""

from __future__ import annotations

import attrs

from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.domain.background_task import BackgroundTask


@attrs.define
class InMemoryTaskQueue(TaskQueue):
    """`dispatched` has the tasks, oldest first. None is run."""

    dispatched: list[BackgroundTask] = attrs.field(factory=list)

    def dispatch(self, task: BackgroundTask) -> None:
        self.dispatched.append(task)
