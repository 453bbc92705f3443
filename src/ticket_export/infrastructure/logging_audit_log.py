"""The audit log as log records."""

from __future__ import annotations

import json
import logging
from uuid import UUID

from ticket_export.application.ports.audit_log import AuditAction, AuditEntry, AuditLog

_log = logging.getLogger("ticket_export.audit")


class LoggingAuditLog(AuditLog):
    """Writes to the logger ``ticket_export.audit`` at INFO: one line for people, without the rights of the actor.

    For programs, the record's attribute ``audit`` has all fields in types of JSON: `at` in ISO 8601, the duration in
    seconds as ``duration_seconds``, `actor_facts` as an object. Like every record about an export, it has a ``job_id``
    too; that of a refused request is None.
    """

    def record(self, entry: AuditEntry) -> None:
        export = "a request" if entry.job_id is None else f"export {entry.job_id}"
        by = "to" if entry.action is AuditAction.REFUSED else "by"
        actor = "the system" if entry.actor_id is None else entry.actor_id
        fields = _fields(entry)
        _log.info(
            *("%s %s %s %s: %s", export, entry.action, by, actor, _text(entry)),
            extra={"audit": fields, "job_id": fields["job_id"], "export_status": entry.action.value},
        )


def _text(entry: AuditEntry) -> str:
    rows = None if entry.row_count is None else f"{entry.row_count:,} rows"
    duration = None if entry.duration is None else f"{entry.duration.total_seconds():.3f} s"
    detail = None if entry.detail is None else f"detail: {entry.detail}"
    amount = ", ".join(each for each in (rows, duration) if each)
    # A detail may have several lines; the record has one.
    return " ".join("; ".join(each for each in (amount, entry.view, detail) if each).splitlines())


def _fields(entry: AuditEntry) -> dict[str, object]:
    return {
        "action": entry.action.value,
        "job_id": None if entry.job_id is None else str(entry.job_id),
        "actor_id": str(entry.actor_id) if isinstance(entry.actor_id, UUID) else entry.actor_id,
        "at": entry.at.isoformat(),
        "view": entry.view,
        "row_count": entry.row_count,
        "duration_seconds": None if entry.duration is None else entry.duration.total_seconds(),
        "detail": entry.detail,
        "actor_facts": None if entry.actor_facts is None else json.loads(entry.actor_facts),
    }
