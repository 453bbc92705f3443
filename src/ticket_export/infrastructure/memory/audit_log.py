"""An audit log that tests can read."""

from __future__ import annotations

import attrs

from ticket_export.application.ports.audit_log import REQUESTS, AuditEntry, AuditLog, SupportsAnonymising
from ticket_export.domain.user_id import UserId


@attrs.define
class InMemoryAuditLog(AuditLog, SupportsAnonymising):
    """`entries` has all entries, oldest first. Several threads may record at once.

    An `InMemoryUnitOfWork` records the entries of its transaction at the commit.
    """

    entries: list[AuditEntry] = attrs.field(factory=list)

    def record(self, entry: AuditEntry) -> None:
        # One step of the interpreter, so that threads lose nothing.
        self.entries.append(entry)

    def anonymise(self, user_id: UserId) -> int:
        own = {entry.job_id for entry in self.entries if entry.actor_id == user_id and entry.action in REQUESTS}
        changed = 0
        for place, entry in enumerate(self.entries):
            if entry.actor_id == user_id or (entry.actor_id is None and entry.job_id in own):
                self.entries[place] = attrs.evolve(entry, actor_id=None, actor_facts=None, view="", detail=None)
                changed += 1
        return changed
