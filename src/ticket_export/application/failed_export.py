"""Storing an export that somebody other than its worker has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from ticket_export.application.ports.unit_of_work import UnitOfWork
    from ticket_export.domain.export_job import ExportJob
    from ticket_export.domain.export_job_status import ExportJobStatus


def store_failed(work: UnitOfWork, job: ExportJob, *, was: ExportJobStatus, now: datetime) -> None:
    """Store the job, which has just failed, and end its task with the same message, if that goes on.

    Raises:
        LeaseLostError: the stored job or task has moved on; nothing was changed.
    """
    task = job.background_task
    # The task before its job, as everywhere, so that no two transactions wait for each other.
    if task is not None and not task.has_ended:
        task.fail(job.error_message or "", now)
        work.tasks.update(task, fencing_token=task.fencing_token)
    work.jobs.update(job, was=was)
