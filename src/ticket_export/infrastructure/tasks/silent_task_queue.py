"""The task queue of a caller that needs no worker."""

from __future__ import annotations

from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.domain.background_task import BackgroundTask


class SilentTaskQueue(TaskQueue):
    """Does nothing: the tasks wait until a worker looks for one."""

    def dispatch(self, task: BackgroundTask) -> None:
        """Do nothing."""
