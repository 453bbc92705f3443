"""A world of in-memory adapters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import attrs
from dependency_injector.providers import Callable, Factory, Object

from tests.crashes.ticket_sources import ReadersToDisturb
from tests.crashes.world import ACTOR, TITLES, MovingClock, a_while_ago, right_bytes_of, view_in
from ticket_export import Settings, TicketExportContainer
from ticket_export.application.ports.audit_log import AuditAction
from ticket_export.catalog import ColumnKind
from ticket_export.infrastructure.memory.database import Rows
from ticket_export.ports import AuditEntry, TicketColumn, TicketColumns, User
from ticket_export.testing.memory import (
    InMemoryAuditLog,
    InMemoryDatabase,
    InMemoryExportEvents,
    InMemoryStorage,
    InMemoryTaskQueue,
    InMemoryTicket,
    InMemoryTicketSource,
    InMemoryUnitOfWork,
    InMemoryUserDirectory,
)

_COLUMNS = TicketColumns(
    [
        TicketColumn(name="id", label="Ticket ID", kind=ColumnKind.NUMBER),
        TicketColumn(name="title", label="Title", kind=ColumnKind.TEXT),
    ]
)


@attrs.define
class _OwnAuditLog:
    """One of the host's own, of which a unit of work knows nothing."""

    entries: list[AuditEntry] = attrs.field(factory=list)

    def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)


class InMemoryWorld:
    """See `World`."""

    def __init__(self, *, audits_in_transaction: bool = True, file_format: str = "csv") -> None:
        self.view = view_in(file_format)
        self.audits_in_transaction = audits_in_transaction
        self.clock = MovingClock(a_while_ago())
        self.events = InMemoryExportEvents()
        self.miscounted = 0
        self.loses_tickets = False
        self._database = InMemoryDatabase()
        self._storage = InMemoryStorage()
        self._audit_log = InMemoryAuditLog() if audits_in_transaction else _OwnAuditLog()
        self._users = InMemoryUserDirectory(self._database)
        self._user = User(
            id=ACTOR.user_id, first_name="A", last_name="B", email_address="a@example.test", is_admin=ACTOR.is_admin
        )
        self._users.add(self._user, ACTOR.permissions)
        tickets = [
            InMemoryTicket(id=number, created_at=self.clock.now(), values={"id": number, "title": title})
            for number, title in enumerate(TITLES, 1)
        ]
        self._source = InMemoryTicketSource(_COLUMNS, tickets)

        self.parts = self._parts()
        self.right_bytes = right_bytes_of(self.parts, file_format)
        self.keep()

    def _parts(self) -> TicketExportContainer:
        parts = TicketExportContainer()
        parts.settings.override(Object(Settings()))
        parts.clock.override(Object(self.clock))
        parts.machine_clock.override(Object(self.clock))
        parts.unit_of_work.override(Factory(InMemoryUnitOfWork, self._database))
        disturbed = Factory(
            ReadersToDisturb,
            Object(self._source),
            Callable(lambda: self.miscounted),
            Callable(lambda: self.loses_tickets),
        )
        parts.ticket_source.override(disturbed)
        parts.storage.override(Object(self._storage))
        parts.user_directory.override(Object(self._users))
        parts.audit_log.override(Object(self._audit_log))
        parts.events.override(Object(self.events))
        parts.task_queue.override(Object(InMemoryTaskQueue()))
        return parts

    def keep(self) -> None:
        # Rows are replaced as a whole, and never changed.
        self._kept = (
            self.clock.now(),
            self._database.committed,
            dict(self._storage.objects),
            list(self._audit_log.entries),
        )

    def restore(self) -> None:
        now, self._database.committed, objects, entries = self._kept
        self.clock.set(now)
        self._storage.objects = dict(objects)
        self._audit_log.entries = list(entries)
        self.events.events.clear()
        self.parts.ownership_memory.reset()

    def change_process(self) -> None:
        assert not self._database.write_lock.locked(), "a dead process left its lock behind"
        self.parts.ownership_memory.reset()

    def rows(self) -> Rows:
        return self._database.committed

    def objects(self) -> Mapping[str, bytes]:
        return dict(self._storage.objects)

    def begin_an_object(self) -> None:
        # A writer in memory leaves nothing.
        pass

    def partials(self) -> int:
        return 0

    def audited(self) -> Sequence[tuple[AuditAction, UUID]]:
        return [(entry.action, entry.job_id) for entry in self._audit_log.entries if entry.job_id]

    def take_the_permission_away(self) -> None:
        self._users.add(self._user)

    def close(self) -> None:
        self.change_process()
