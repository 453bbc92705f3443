"""The background task of an export: its name in the queue, and the job that it is for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from ticket_export.domain.background_task import BackgroundTask

#: The name under which the task of an export lies in the queue.
TASK_NAME = "ticket_export.run_export"
_JOB_ID = "exportJobId"


def task_args(job_id: UUID) -> str:
    """The arguments of the task that runs the job of that id."""
    return json.dumps({_JOB_ID: str(job_id)})


def job_id_of(task: BackgroundTask) -> UUID | None:
    """The job that the task is for, or None where its arguments name none."""
    try:
        return UUID(json.loads(task.args)[_JOB_ID])
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
