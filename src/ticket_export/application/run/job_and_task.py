"""A job and its task: found together, changed together, stored in one transaction, and removed together.

The task is stored before its job, everywhere, so that no two transactions wait for each other. A removal waits for
none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from ticket_export.application.file.export_file import attempt_of
from ticket_export.application.ports.export_job_repository import UNREADABLE
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.export_task import TASK_NAME, is_settled, job_id_of
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus

_log = logging.getLogger(__name__)


def first_kept(
    work: UnitOfWork,
    next_task: Callable[[Sequence[UUID]], BackgroundTask | None],
    status: ExportJobStatus,
    now: datetime,
    *,
    is_ready: Callable[[BackgroundTask], bool] = lambda _task: True,
) -> tuple[ExportJob, BackgroundTask] | None:
    """Return the first task that is ready and whose job has that status, with its job, and keep both from others.

    `next_task` returns the next task that is not among the given ids. A task of this library without such a job fails,
    since nothing else would ever take it out of the queue.
    """
    passed_over: list[UUID] = []
    while task := next_task(passed_over):
        job = _job_of(work, task, status)
        if job is not None and is_ready(task) and work.jobs.keep(job.id):
            return job, task
        if job is None and job_id_of(task) is not None and is_settled(task, now):
            _log.error("task %s has no %s export, and fails", task.id, status)
            task.fail(f"No {status} export has this task.", now)
            work.tasks.update(task, fencing_token=task.fencing_token)
        else:
            # Another transaction may keep the job for long. The tasks behind it do not wait for that.
            passed_over.append(task.id)
    return None


def _job_of(work: UnitOfWork, task: BackgroundTask, status: ExportJobStatus) -> ExportJob | None:
    job_id = job_id_of(task)
    try:
        job = work.jobs.find(job_id) if job_id else None
    except UNREADABLE:
        _log.exception("export %s cannot be read", job_id, extra={"job_id": str(job_id)})
        return None
    if job is None or job.background_task_id != task.id or job.status != status or job.is_cleaned_up:
        return None
    return job


@contextmanager
def changing(work: UnitOfWork, job: ExportJob, task: BackgroundTask | None) -> Iterator[None]:
    """Store the changes that the block makes to the job and its task, and commit.

    Raises:
        LeaseLostError: the stored job or task is no longer as it was before the block; nothing was changed.
    """
    status, token = job.status, task.fencing_token if task else 0
    yield
    if task is not None:
        work.tasks.update(task, fencing_token=token)
    work.jobs.update(job, was=status)
    work.commit()


@contextmanager
def failing(work: UnitOfWork, job: ExportJob, now: datetime) -> Iterator[None]:
    """Store that the block fails the job, end its task with the same message, and commit.

    A task that has ended, or that belongs to another program, stays as it is.

    Raises:
        LeaseLostError: as `changing` does.
    """
    task = job.background_task
    if task is not None and (not has_own_task(job) or task.has_ended):
        task = None
    with changing(work, job, task):
        yield
        if task is not None:
            task.fail(job.error_message or "", now)


def end_lost_attempt(
    job: ExportJob, task: BackgroundTask, *, max_attempts: int, message: Callable[[int], str], now: datetime
) -> None:
    """Put a running job back into the queue or, after `max_attempts` lost attempts, fail it.

    `message` makes the message of a failed job from the number of its lost attempts.

    Raises:
        InvalidTransitionError: the task is leased.
    """
    attempts = task.number_of_retries + 1
    if attempts < max_attempts:
        task.recover(now)
        job.hand_back(now)
    else:
        task.fail(message(attempts), now)
        job.fail(message(attempts), now)


def has_own_task(job: ExportJob) -> bool:
    """Return whether the job's task is a task of this library."""
    return job.background_task is not None and job.background_task.name == TASK_NAME


def has_own_file(job: ExportJob) -> bool:
    """Return whether the job's media item is a file that this library wrote for the job."""
    attempt = attempt_of(job.media_item.object_key) if job.media_item is not None else None
    return attempt is not None and attempt[0] == job.id


def remove_export(work: UnitOfWork, job: ExportJob) -> bool:
    """Delete the job, its task and the row of its file, and commit. Rows of another program stay.

    Return False at once, and change nothing, if another transaction keeps one of these rows, or has deleted it.
    """
    # To delete a row, the database also changes the row that refers to it, and would wait for that one. So the job is
    # kept before its task goes, and the task goes before the job.
    if not work.jobs.keep(job.id):
        return False
    if job.background_task is not None and has_own_task(job) and not work.tasks.remove(job.background_task.id):
        return False
    if not work.jobs.remove(job.id):
        return False
    if job.media_item is not None and has_own_file(job) and not work.media_items.remove(job.media_item.id):
        return False
    work.commit()
    return True
