"""The queue that waits for nobody: a task runs in the thread that requested it, right after the commit."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import attrs

from ticket_export.application.export_task import job_id_of
from ticket_export.application.use_cases.run_export import RunExport

if TYPE_CHECKING:
    from ticket_export.domain.background_task import BackgroundTask

_log = logging.getLogger(__name__)


@attrs.frozen
class InlineTaskQueue:
    """For scripts, tests and the first steps; a host with users wants a worker."""

    run_export: RunExport

    def dispatch(self, task: BackgroundTask) -> None:
        """Run the export of `task`; how it ended is in its job."""
        job_id = job_id_of(task)
        if job_id is None:
            _log.error("task %s names no export", task.id)
            return
        try:
            self.run_export(job_id)
        except Exception:  # noqa: BLE001 - the request itself has succeeded
            _log.exception("export %s could not be run", job_id, extra={"job_id": str(job_id)})
