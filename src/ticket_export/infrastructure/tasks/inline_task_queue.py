"""A queue that runs each task in the thread that requested it, right after the commit."""

from __future__ import annotations

import logging
from contextlib import suppress
from time import sleep
from uuid import UUID

import attrs

from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.application.run.export_task import job_id_of
from ticket_export.application.use_cases.run_export import LOST_ATTEMPT, RunExport
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.errors import InvalidTransitionError, LeaseLostError
from ticket_export.infrastructure.tasks.silent_task_queue import SilentTaskQueue

_log = logging.getLogger(__name__)

#: Seconds between a lost attempt and the next one.
PAUSE = 0.5


def queue_for_workers(task_queue: TaskQueue) -> TaskQueue:
    """Return the queue that tells the workers of a task: an inline queue would run it in the caller's thread."""
    return SilentTaskQueue() if isinstance(task_queue, InlineTaskQueue) else task_queue


@attrs.frozen
class InlineTaskQueue(TaskQueue):
    """For scripts, tests and first steps. A host with users needs a worker instead."""

    run_export: RunExport

    def dispatch(self, task: BackgroundTask) -> None:
        """Run the export of `task`. The job holds the result."""
        job_id = job_id_of(task)
        if job_id is None:
            _log.error("task %s names no export", task.id)
            return
        try:
            self._run(job_id)
        except (InvalidTransitionError, LeaseLostError):
            # For example after a double click, whose second request finds the export still queued.
            _log.info("another thread runs or has ended export %s", job_id, extra={"job_id": str(job_id)})
        except Exception:  # noqa: BLE001 - the request itself has succeeded
            _log.exception("export %s could not be run", job_id, extra={"job_id": str(job_id)})

    def _run(self, job_id: UUID) -> None:
        while True:
            # Every lost attempt counts, and the last one fails the export.
            with suppress(*LOST_ATTEMPT):
                self.run_export(job_id)
                return
            sleep(PAUSE)
