"""The tickets that `TicketSourceContract` stores, and the columns that it reads of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import attrs

from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole, TicketColumn, TicketColumns

#: The moment of every request in the contract.
AS_OF = datetime(2026, 3, 1, 12, tzinfo=UTC)

#: What the source under test offers. It may lack any but `id`; what is asked of that one is skipped then.
TICKET_COLUMNS = TicketColumns(
    [
        TicketColumn(name="id", label="Ticket ID", kind=ColumnKind.NUMBER, searchable=True),
        TicketColumn(name="title", label="Title", kind=ColumnKind.TEXT, searchable=True),
        TicketColumn(name="note", label="Note", kind=ColumnKind.TEXT),
        TicketColumn(name="tags", label="Tags", kind=ColumnKind.TEXT, searchable=True),
        TicketColumn(name="score", label="Score", kind=ColumnKind.NUMBER),
        TicketColumn(name="urgent", label="Urgent", kind=ColumnKind.BOOLEAN),
        TicketColumn(name="due", label="Due", kind=ColumnKind.DATE),
        TicketColumn(name="day", label="Day", kind=ColumnKind.DAY),
        TicketColumn(name="state", label="State", kind=ColumnKind.CHOICE, choices=("new", "open", "done")),
        TicketColumn(
            name="owner", label="Owner", kind=ColumnKind.ID, id_type=IdType.UUID, scope_role=ScopeRole.ASSIGNEE
        ),
    ]
)


@attrs.frozen(kw_only=True)
class StoredTicket:
    """A ticket as it is to lie in the store; moments are aware UTC, to the microsecond.

    `created_at` is when it was created, `deleted_at` when it was soft-deleted. `tags` are one cell, joined with
    ``", "``. `score` has two decimals, which are always shown; the store may keep it as binary. `state` may be none of
    the choices.
    """

    id: int
    created_at: datetime = AS_OF - timedelta(days=1)
    deleted_at: datetime | None = None
    title: str | None = None
    note: str | None = None
    tags: tuple[str, ...] | None = None
    score: Decimal | None = None
    urgent: bool | None = None
    due: datetime | None = None
    day: date | None = None
    state: str | None = None
    owner: UUID | None = None
