"""The background task of an export: its name, its arguments, and which tasks belong to this library."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import UUID

from ticket_export.domain.background_task import BackgroundTask

#: The name of an export's task in the queue.
TASK_NAME = "ticket_export.run_export"
_JOB_ID = "exportJobId"
_RIGHTS = "rights"
#: How long a job may be without its task, or a task without its job. Other programs write to the same tables, and one
#: of them may store the two in two transactions.
SETTLED_AFTER = timedelta(minutes=1)


def task_args(job_id: UUID, *, rights: str | None = None) -> str:
    """Return the arguments of the task that runs the job of that id.

    `rights` is the digest of the requester's rights at the request.
    """
    return json.dumps({_JOB_ID: str(job_id)} | ({} if rights is None else {_RIGHTS: rights}))


def job_id_of(task: BackgroundTask) -> UUID | None:
    """Return the id of the task's job, or None where the arguments name none."""
    try:
        return UUID(json.loads(task.args)[_JOB_ID])
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


def has_rights(task: BackgroundTask, rights: str) -> bool:
    """Return whether the task was requested under the rights of that digest.

    The digest does not change who may do what: a run reads the rights anew. A task without it, of an older version or
    of another program, was requested under rights that are not known.
    """
    try:
        return bool(json.loads(task.args)[_RIGHTS] == rights)
    except (ValueError, TypeError, LookupError):
        return False


def is_settled(task: BackgroundTask, now: datetime) -> bool:
    """Return whether nobody has written the task within `SETTLED_AFTER`."""
    return (task.last_modification_time or task.creation_time) <= now - SETTLED_AFTER
