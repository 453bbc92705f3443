"""An audit log that tests can read."""

from __future__ import annotations

import attrs

from ticket_export.application.ports.audit_log import AuditEntry, AuditLog


@attrs.define
class InMemoryAuditLog(AuditLog):
    """`entries` holds everything recorded, oldest first; several threads may record at once.

    An `InMemoryUnitOfWork` records in it what it commits, as one on a database does in the table of the audit log.
    """

    entries: list[AuditEntry] = attrs.field(factory=list)

    def record(self, entry: AuditEntry) -> None:
        """Keep the entry."""
        # One step of the interpreter: nothing is lost between threads.
        self.entries.append(entry)
