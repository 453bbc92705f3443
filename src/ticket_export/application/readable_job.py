"""The job that a task is for, in tables that other programs write to as well."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from ticket_export.application.export_task import job_id_of
from ticket_export.errors import UnknownDeveloperNameError

if TYPE_CHECKING:
    from ticket_export.application.ports.unit_of_work import UnitOfWork
    from ticket_export.domain.background_task import BackgroundTask
    from ticket_export.domain.export_job import ExportJob

#: What reading a job raises where another hand has written what no export holds.
UNREADABLE: Final = (UnknownDeveloperNameError, ValueError, TypeError)

_log = logging.getLogger(__name__)


def readable_job_of(work: UnitOfWork, task: BackgroundTask) -> ExportJob | None:
    """The job that the task names; None if it names none, the job is not there, or its row holds what no job can."""
    job_id = job_id_of(task)
    try:
        return work.jobs.find(job_id) if job_id else None
    except UNREADABLE:
        _log.exception("export %s cannot be read", job_id, extra={"job_id": str(job_id)})
        return None
