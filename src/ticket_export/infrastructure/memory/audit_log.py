"""An audit log that tests can read."""

from __future__ import annotations

import attrs

from ticket_export.application.ports.audit_log import AuditEntry, AuditLog


@attrs.define
class InMemoryAuditLog(AuditLog):
    """`entries` has all entries, oldest first. Several threads may record at once.

    An `InMemoryUnitOfWork` records the entries of its transaction at the commit.
    """

    entries: list[AuditEntry] = attrs.field(factory=list)

    def record(self, entry: AuditEntry) -> None:
        # One step of the interpreter, so that threads lose nothing.
        self.entries.append(entry)
