"""The tickets of the ticket source's contract as a table of its own, and the catalog over it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

import attrs
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
    false,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import SelectBase

from ticket_export.application.actor import Actor
from ticket_export.application.view.ticket_column import ScopeRole
from ticket_export.application.view.visibility import EVERY_ROW, ColumnRule, EveryRow
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket
from ticket_export.infrastructure.tickets.catalog import (
    TicketCatalog,
    boolean_column,
    choice_column,
    date_column,
    day_column,
    id_column,
    number_column,
    text_column,
)
from ticket_export.infrastructure.tickets.sql_functions import JoinedTags
from ticket_export.testing.tickets.stored_tickets import StoredTicket

TABLE = Table(
    "stored_tickets",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("created_at", DateTime, nullable=False),
    Column("deleted_at", DateTime),
    Column("title", Text),
    Column("note", Text),
    Column("tags", JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")),
    Column("score", Numeric(10, 2)),
    Column("urgent", Boolean),
    Column("due", DateTime),
    Column("day", Date),
    Column("state", Text),
    Column("phase", Text),
    Column("owner", Uuid),
)


def _selected(_actor: Actor, text: str) -> SelectBase:
    """The tickets whose ids are the JSON of the text, in that order."""
    try:
        ids = json.loads(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a list") from None
    rows = [(each, place) for place, each in enumerate(ids)]
    empty = select(literal(0), literal(0)).where(false())
    return union_all(empty, *(select(literal(each), literal(place)) for each, place in rows))


CATALOG = TicketCatalog(
    tables=TABLE,
    id=TABLE.c.id,
    created_at=TABLE.c.created_at,
    is_deleted=TABLE.c.deleted_at.is_not(None),
    deleted_at=TABLE.c.deleted_at,
    columns=[
        number_column("id", "Ticket ID", TABLE.c.id, searchable=True),
        text_column("title", "Title", TABLE.c.title, searchable=True),
        text_column("note", "Note", TABLE.c.note),
        text_column("tags", "Tags", JoinedTags(TABLE.c.tags), searchable=True),
        number_column("score", "Score", TABLE.c.score),
        boolean_column("urgent", "Urgent", TABLE.c.urgent),
        date_column("due", "Due", TABLE.c.due),
        day_column("day", "Day", TABLE.c.day),
        choice_column("state", "State", TABLE.c.state, choices=("new", "open", "done")),
        choice_column(
            "phase", "Phase", TABLE.c.phase, choices=lambda: {"p1": "Draft", "p2": "=Checked"}, searchable=True
        ),
        id_column("owner", "Owner", TABLE.c.owner, scope_role=ScopeRole.ASSIGNEE),
    ],
    selected_by=_selected,
)


def is_shown(name: str) -> ColumnRule:
    """The rule of a column in the contract of rules."""
    return lambda actor: actor.is_admin or name not in actor.attributes["hidden"]


def _shown_rows(actor: Actor) -> ColumnElement[bool] | EveryRow:
    return EVERY_ROW if actor.is_admin else TABLE.c.owner.in_(actor.attributes["owners"])


LIMITED_CATALOG = attrs.evolve(
    CATALOG,
    columns=[attrs.evolve(each, visible_to=is_shown(each.column.name)) for each in CATALOG.columns],
    visible_to=_shown_rows,
)


def replace_rows(engine: Engine, tickets: Iterable[StoredTicket]) -> None:
    """Make these all the rows there are."""
    rows = [_row(ticket) for ticket in tickets]
    with engine.begin() as connection:
        connection.execute(TABLE.delete())
        if rows:
            connection.execute(TABLE.insert(), rows)


def in_memory(ticket: StoredTicket) -> InMemoryTicket:
    """The same ticket for the source in memory."""
    values = attrs.asdict(ticket, recurse=False)
    return InMemoryTicket(
        id=ticket.id, created_at=values.pop("created_at"), deleted_at=values.pop("deleted_at"), values=values
    )


def _row(ticket: StoredTicket) -> dict[str, object]:
    return {
        **attrs.asdict(ticket, recurse=False),
        "created_at": _naive(ticket.created_at),
        "deleted_at": _naive(ticket.deleted_at),
        "due": _naive(ticket.due),
    }


def _naive(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=None)
