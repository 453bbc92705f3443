"""The audit log as structured log records."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from ticket_export.application.ports.audit_log import AuditEntry

_log = logging.getLogger("ticket_export.audit")


class LoggingAuditLog:
    """Writes to the logger ``ticket_export.audit`` at INFO; the fields are the record's ``audit`` attribute."""

    def record(self, entry: AuditEntry) -> None:
        """Log the entry."""
        fields = {
            name: str(value) if value is not None and not isinstance(value, int) else value
            for name, value in attrs.asdict(entry, recurse=False).items()
        }
        _log.info("export %s %s by %s", entry.job_id, entry.action, entry.actor_id, extra={"audit": fields})
