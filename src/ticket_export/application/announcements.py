"""The announcement of every change of an export: to the audit log first, then to the host's subscriber and the queue.

The caller builds an announcement inside of the transaction that makes it true, and sends it after the commit. A log, a
subscriber or a queue that fails then must not look like a failed export, so its error is only logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

import attrs

from ticket_export.application.ports.audit_log import AuditAction, AuditEntry, AuditLog
from ticket_export.application.ports.export_events import ExportEvents
from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.view.view_summary import summary_of
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.user_id import UserId

_log = logging.getLogger(__name__)

#: Announces a committed change; never raises.
Tell: TypeAlias = Callable[[], None]


@attrs.frozen
class Announcements:
    """The announcements of an export; every method except `started` returns the function to call after the commit."""

    audit_log: AuditLog
    events: ExportEvents

    def started(self, job: ExportJob, *, at: datetime) -> None:
        """Record at once that an attempt begins; raises the log's error, so that no attempt starts unrecorded."""
        self.audit_log.record(audit_entry(AuditAction.STARTED, job, at=at, by=job.requester_user_id))

    def completed(self, work: UnitOfWork, job: ExportJob, *, at: datetime, duration: timedelta, sha256: str) -> Tell:
        """Announce the file that an attempt of `duration` has made; `sha256` is in hexadecimal digits."""
        by, detail = job.requester_user_id, f"sha256 {sha256}"
        entry = audit_entry(AuditAction.COMPLETED, job, at=at, by=by, duration=duration, detail=detail)
        return self._announced(work, entry, self.events.completed, job)

    def failed(self, work: UnitOfWork, job: ExportJob, *, at: datetime, duration: timedelta | None = None) -> Tell:
        """Announce that the export has failed in an attempt of `duration`, or outside of an attempt."""
        by, detail = job.requester_user_id, job.error_message
        entry = audit_entry(AuditAction.FAILED, job, at=at, by=by, duration=duration, detail=detail)
        return self._announced(work, entry, self.events.failed, job)

    def cancelled(self, work: UnitOfWork, job: ExportJob, *, at: datetime, by: UserId) -> Tell:
        """Announce that user `by` has cancelled the export."""
        return self._announced(work, audit_entry(AuditAction.CANCELLED, job, at=at, by=by), self.events.failed, job)

    def expired(self, work: UnitOfWork, job: ExportJob, *, at: datetime) -> Tell:
        """Announce that the export has been cleaned up."""
        return self._announced(work, audit_entry(AuditAction.CLEANED_UP, job, at=at, by=None), self.events.expired, job)

    def _announced(
        self, work: UnitOfWork, entry: AuditEntry, event: Callable[[ExportJob], None], job: ExportJob
    ) -> Tell:
        record = record_in(work, self.audit_log, entry)

        def tell() -> None:
            record()
            try:
                event(job)
            except (Exception, SystemExit):  # noqa: BLE001 - a subscriber must not end the worker either
                _log.exception("a subscriber failed on export %s", job.id, extra={"job_id": str(job.id)})

        return tell


def audit_entry(
    action: AuditAction,
    job: ExportJob,
    *,
    at: datetime,
    by: UserId | None,
    duration: timedelta | None = None,
    detail: str | None = None,
    actor_facts: str | None = None,
) -> AuditEntry:
    """Return the entry for an action on the job at `at` by user `by`, or by the system."""
    return AuditEntry(
        action=action,
        job_id=job.id,
        actor_id=by,
        at=at,
        view=summary_of(job),
        row_count=job.row_count,
        duration=duration,
        detail=detail,
        actor_facts=actor_facts,
    )


def record_in(work: UnitOfWork, audit_log: AuditLog, entry: AuditEntry) -> Tell:
    """Record the entry in the transaction, if the log can; otherwise the returned function records it.

    Call that function after the commit in both cases.
    """
    is_recorded = work.audit(audit_log, entry)

    def after_commit() -> None:
        if is_recorded:
            return
        try:
            audit_log.record(entry)
        except Exception:  # noqa: BLE001 - only logged, as the module's docstring says
            job_id = str(entry.job_id)
            _log.exception("export %s is not in the audit log as %s", job_id, entry.action, extra={"job_id": job_id})

    return after_commit


def dispatch_committed(task_queue: TaskQueue, task: BackgroundTask) -> None:
    """Send the task to the queue; the workers find it later if the queue fails."""
    try:
        task_queue.dispatch(task)
    except Exception:  # noqa: BLE001 - only logged, as the module's docstring says
        _log.exception("task %s could not be dispatched; a worker finds it later", task.id)
