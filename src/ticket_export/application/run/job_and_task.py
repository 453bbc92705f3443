"""What becomes of an export whose attempt was lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus


def store_failed(work: UnitOfWork, job: ExportJob, *, was: ExportJobStatus, now: datetime) -> None:
    """Store the job, which has just failed, and end its task with the same message, if that goes on and is ours.

    Raises:
        LeaseLostError: the stored job or task has moved on; nothing was changed.
    """
    task = job.background_task
    # The task before its job, as everywhere, so that no two transactions wait for each other.
    if task is not None and task.name == TASK_NAME and not task.has_ended:
        task.fail(job.error_message or "", now)
        work.tasks.update(task, fencing_token=task.fencing_token)
    work.jobs.update(job, was=was)


def store_lost(
    work: UnitOfWork,
    job: ExportJob,
    task: BackgroundTask,
    *,
    max_attempts: int,
    given_up: Callable[[int], str],
    now: datetime,
) -> None:
    """Put the running job back into the queue or, if that was the last of `max_attempts`, fail it.

    `given_up` makes the message of a job that fails from the number of attempts that it has lost.

    Raises:
        InvalidTransitionError: the task is leased.
        LeaseLostError: the stored job or task has moved on; nothing was changed.
    """
    attempts = task.number_of_retries + 1
    if attempts >= max_attempts:
        message = given_up(attempts)
        task.fail(message, now)
        job.fail(message, now)
    else:
        task.recover(now)
        job.hand_back(now)
    work.tasks.update(task, fencing_token=task.fencing_token)
    work.jobs.update(job, was=ExportJobStatus.RUNNING)
