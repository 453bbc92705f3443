"""Telling the queue of a task that is committed already."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_export.application.ports.task_queue import TaskQueue
    from ticket_export.domain.background_task import BackgroundTask

_log = logging.getLogger(__name__)


def dispatch_committed(task_queue: TaskQueue, task: BackgroundTask) -> None:
    """Send the task on its way: an error of the queue is only logged, since the workers find the task all the same."""
    try:
        task_queue.dispatch(task)
    except Exception:  # noqa: BLE001 - whatever it is, the caller would take it for a failure of the request
        _log.exception("task %s could not be dispatched, and waits to be found", task.id)
