"""What is recorded and told of an export: the audit log first, then the host's subscriber."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import attrs

from ticket_export.application.ports.audit_log import AuditAction, AuditEntry, AuditLog
from ticket_export.application.ports.export_events import ExportEvents
from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.view.view_summary import summary_of
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob

_log = logging.getLogger(__name__)


def audit_entry(
    action: AuditAction,
    job: ExportJob,
    *,
    at: datetime,
    by: UUID | None,
    duration: timedelta | None = None,
    detail: str | None = None,
) -> AuditEntry:
    """That user `by`, or the system, did this to the job at `at`."""
    return AuditEntry(
        action=action,
        job_id=job.id,
        actor_id=by,
        at=at,
        view=summary_of(job),
        row_count=job.row_count,
        duration=duration,
        detail=detail,
    )


def record_in(work: UnitOfWork, audit_log: AuditLog, entry: AuditEntry) -> Callable[[], None]:
    """Record what the transaction makes true: inside of it if the log can, otherwise by what this returns.

    Call that after the commit, in either case.
    """
    is_recorded = work.audit(audit_log, entry)

    def after_commit() -> None:
        if not is_recorded:
            _record_committed(audit_log, entry)

    return after_commit


def _record_committed(audit_log: AuditLog, entry: AuditEntry) -> None:
    try:
        audit_log.record(entry)
    except Exception:  # noqa: BLE001 - it has happened; the caller would take the error for a failure of the export
        _log.exception(
            "export %s is not in the audit log as %s", entry.job_id, entry.action, extra={"job_id": str(entry.job_id)}
        )


_log = logging.getLogger(__name__)


def dispatch_committed(task_queue: TaskQueue, task: BackgroundTask) -> None:
    """Send the task on its way: an error of the queue is only logged, since the workers find the task all the same."""
    try:
        task_queue.dispatch(task)
    except Exception:  # noqa: BLE001 - whatever it is, the caller would take it for a failure of the request
        _log.exception("task %s could not be dispatched, and waits to be found", task.id)


_log = logging.getLogger(__name__)

#: Tells what is committed. It never raises.
Tell: TypeAlias = Callable[[], None]


@attrs.frozen
class Announcements:
    """Call these in the transaction that makes true what they say, and what they return after its commit."""

    audit_log: AuditLog
    events: ExportEvents

    def started(self, job: ExportJob, *, at: datetime) -> None:
        """Record at once that an attempt begins; raises what the log does: an unrecorded start must not happen."""
        self.audit_log.record(audit_entry(AuditAction.STARTED, job, at=at, by=job.requester_user_id))

    def completed(self, work: UnitOfWork, job: ExportJob, *, at: datetime, duration: timedelta, sha256: str) -> Tell:
        """An attempt of `duration` has made the file, which has that digest in hexadecimal digits."""
        by, detail = job.requester_user_id, f"sha256 {sha256}"
        entry = audit_entry(AuditAction.COMPLETED, job, at=at, by=by, duration=duration, detail=detail)
        return self._announced(work, entry, self.events.completed, job)

    def failed(self, work: UnitOfWork, job: ExportJob, *, at: datetime, duration: timedelta | None = None) -> Tell:
        """The export has failed, in an attempt of `duration` or, where that is None, outside of one."""
        by, detail = job.requester_user_id, job.error_message
        entry = audit_entry(AuditAction.FAILED, job, at=at, by=by, duration=duration, detail=detail)
        return self._announced(work, entry, self.events.failed, job)

    def cancelled(self, work: UnitOfWork, job: ExportJob, *, at: datetime, by: UUID) -> Tell:
        """User `by` has cancelled the export."""
        return self._announced(work, audit_entry(AuditAction.CANCELLED, job, at=at, by=by), self.events.failed, job)

    def expired(self, work: UnitOfWork, job: ExportJob, *, at: datetime) -> Tell:
        """The export has been cleaned up."""
        return self._announced(work, audit_entry(AuditAction.CLEANED_UP, job, at=at, by=None), self.events.expired, job)

    def _announced(
        self, work: UnitOfWork, entry: AuditEntry, event: Callable[[ExportJob], None], job: ExportJob
    ) -> Tell:
        record = record_in(work, self.audit_log, entry)

        def tell() -> None:
            record()
            _notify(event, job)

        return tell


def _notify(event: Callable[[ExportJob], None], job: ExportJob) -> None:
    try:
        event(job)
    except (Exception, SystemExit):  # noqa: BLE001 - a host's subscriber must neither harm the export nor end the worker
        _log.exception("a subscriber failed on export %s", job.id, extra={"job_id": str(job.id)})
