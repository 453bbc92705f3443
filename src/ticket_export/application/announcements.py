"""What everybody hears of an export that has ended: the audit log first, then the host's subscriber."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import attrs

from ticket_export.application.audit import audit_entry, record_committed
from ticket_export.application.ports.audit_log import AuditAction, AuditLog
from ticket_export.application.ports.export_events import ExportEvents

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from uuid import UUID

    from ticket_export.domain.export_job import ExportJob

_log = logging.getLogger(__name__)


@attrs.frozen
class Announcements:
    """Call these after the commit. None of them raises: what they tell of has happened."""

    audit_log: AuditLog
    events: ExportEvents

    def completed(self, job: ExportJob, *, at: datetime, duration: timedelta, sha256: str) -> None:
        """An attempt of `duration` has made the file, which has that digest in hexadecimal digits."""
        by, detail = job.requester_user_id, f"sha256 {sha256}"
        entry = audit_entry(AuditAction.COMPLETED, job, at=at, by=by, duration=duration, detail=detail)
        record_committed(self.audit_log, entry)
        _notify(self.events.completed, job)

    def failed(self, job: ExportJob, *, at: datetime, duration: timedelta | None = None) -> None:
        """The export has failed, in an attempt of `duration` or, where that is None, outside of one."""
        by, detail = job.requester_user_id, job.error_message
        record_committed(
            self.audit_log, audit_entry(AuditAction.FAILED, job, at=at, by=by, duration=duration, detail=detail)
        )
        _notify(self.events.failed, job)

    def cancelled(self, job: ExportJob, *, at: datetime, by: UUID) -> None:
        """User `by` has cancelled the export."""
        record_committed(self.audit_log, audit_entry(AuditAction.CANCELLED, job, at=at, by=by))
        _notify(self.events.failed, job)

    def expired(self, job: ExportJob, *, at: datetime) -> None:
        """The export has been cleaned up."""
        record_committed(self.audit_log, audit_entry(AuditAction.CLEANED_UP, job, at=at, by=None))
        _notify(self.events.expired, job)


def _notify(event: Callable[[ExportJob], None], job: ExportJob) -> None:
    try:
        event(job)
    except (Exception, SystemExit):  # noqa: BLE001 - a host's subscriber must neither harm the export nor end the worker
        _log.exception("a subscriber failed on export %s", job.id, extra={"job_id": str(job.id)})
