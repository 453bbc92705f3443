"""Entries of the audit log, and recording them of what is committed already."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ticket_export.application.ports.audit_log import AuditAction, AuditEntry
from ticket_export.application.view_summary import summarize_view

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

    from ticket_export.application.ports.audit_log import AuditLog
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
        view=summarize_view(job.snapshot_payload_json),
        row_count=job.row_count,
        duration=duration,
        detail=detail,
    )


def record_committed(audit_log: AuditLog, entry: AuditEntry) -> None:
    """Record what has happened already: an error of the log is only logged, since it would say otherwise."""
    try:
        audit_log.record(entry)
    except Exception:  # noqa: BLE001 - whatever it is, the caller would take it for a failure of the export
        _log.exception(
            "export %s is not in the audit log as %s", entry.job_id, entry.action, extra={"job_id": str(entry.job_id)}
        )
