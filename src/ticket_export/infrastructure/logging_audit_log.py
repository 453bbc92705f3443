"""The audit log as structured log records."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_export.application.ports.audit_log import AuditEntry

_log = logging.getLogger("ticket_export.audit")


class LoggingAuditLog:
    """Writes to the logger ``ticket_export.audit`` at INFO; the fields are the record's ``audit`` attribute.

    They are JSON's own types: `at` in ISO 8601, the duration in seconds as ``duration_seconds``.
    """

    def record(self, entry: AuditEntry) -> None:
        """Log the entry."""
        actor = "the system" if entry.actor_id is None else entry.actor_id
        _log.info("export %s %s by %s", entry.job_id, entry.action, actor, extra={"audit": _fields(entry)})


def _fields(entry: AuditEntry) -> dict[str, str | int | float | None]:
    return {
        "action": entry.action.value,
        "job_id": str(entry.job_id),
        "actor_id": None if entry.actor_id is None else str(entry.actor_id),
        "at": entry.at.isoformat(),
        "view": entry.view,
        "row_count": entry.row_count,
        "duration_seconds": None if entry.duration is None else entry.duration.total_seconds(),
        "detail": entry.detail,
    }
