"""Entries of the audit log, and recording them with what they tell of."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ticket_export.application.ports.audit_log import AuditAction, AuditEntry
from ticket_export.application.view_summary import summary_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from uuid import UUID

    from ticket_export.application.ports.audit_log import AuditLog
    from ticket_export.application.ports.unit_of_work import UnitOfWork
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
