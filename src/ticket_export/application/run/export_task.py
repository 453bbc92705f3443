"""The background task of an export: its name in the queue, and the job that it is for."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from uuid import UUID

from ticket_export.application.ports.export_job_repository import UNREADABLE
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob

_log = logging.getLogger(__name__)


def readable_job_of(work: UnitOfWork, task: BackgroundTask) -> ExportJob | None:
    """The job that the task names; None if it names none, the job is not there, or its row holds what no job can."""
    job_id = job_id_of(task)
    try:
        return work.jobs.find(job_id) if job_id else None
    except UNREADABLE:
        _log.exception("export %s cannot be read", job_id, extra={"job_id": str(job_id)})
        return None


#: The name under which the task of an export lies in the queue.
TASK_NAME = "ticket_export.run_export"
_JOB_ID = "exportJobId"
#: How long a job may be without its task, or a task without its job. Other programs write to the same tables, and one
#: of them may store the two in two transactions.
SETTLED_AFTER = timedelta(minutes=1)


def task_args(job_id: UUID) -> str:
    """The arguments of the task that runs the job of that id."""
    return json.dumps({_JOB_ID: str(job_id)})


def job_id_of(task: BackgroundTask) -> UUID | None:
    """The job that the task is for, or None where its arguments name none."""
    try:
        return UUID(json.loads(task.args)[_JOB_ID])
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


def may_be_given_up(task: BackgroundTask, now: datetime) -> bool:
    """Whether a task that no export needs may be ended: it is the library's own, and nobody has just written it."""
    return job_id_of(task) is not None and is_settled(task, now)


def is_settled(task: BackgroundTask, now: datetime) -> bool:
    """Whether nobody has written the task within `SETTLED_AFTER`."""
    return (task.last_modification_time or task.creation_time) <= now - SETTLED_AFTER
