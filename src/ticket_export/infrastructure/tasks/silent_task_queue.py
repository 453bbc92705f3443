"""The task queue of a caller that needs no worker at once."""

from __future__ import annotations

from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.domain.background_task import BackgroundTask


class SilentTaskQueue(TaskQueue):
    """Does nothing: a task waits until a worker looks for it."""

    def dispatch(self, task: BackgroundTask) -> None: ...
