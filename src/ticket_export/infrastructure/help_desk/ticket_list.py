"""Reads the list of tickets that a help desk shows to its users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import attrs
from sqlalchemy import Engine

from ticket_export.application.actor import Actor
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.persistence.database.engine import connected
from ticket_export.infrastructure.tickets.catalog import TicketCatalog
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.sqlite import spellings  # noqa: F401 - registers them
from ticket_export.infrastructure.tickets.sqlite.snapshot import begin_snapshot
from ticket_export.infrastructure.tickets.ticket_select import count_tickets, select_tickets

#: The number of tickets on a page.
PAGE_SIZE: Final = 25


@attrs.frozen(kw_only=True)
class TicketPage:
    """A page of the list. A row has the text of each column by its name, and None for an empty cell."""

    number: int
    rows: Sequence[Mapping[str, str | None]]
    total: int

    @property
    def first(self) -> int:
        """The place of the first row in the whole list, from 1; 0 if there is none."""
        return (self.number - 1) * PAGE_SIZE + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The place of the last row in the whole list; 0 if there is none."""
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def pages(self) -> int:
        """The number of pages; an empty list has one."""
        return max(1, -(-self.total // PAGE_SIZE))


@attrs.frozen
class TicketList:
    """Reads pages of the tickets in an SQLite database: the same rows, in the same order, as an export of the view."""

    engine: Engine
    catalog: TicketCatalog

    def page(self, actor: Actor, view: Mapping[str, object], *, number: int, now: datetime) -> TicketPage:
        """Return the page of that number of the actor's view, or the last one if there are fewer.

        Raises:
            InvalidPayloadError: the view does not fit the columns of the actor.
            TicketSourceError: the database failed.
        """
        visible = self.catalog.visible_to_actor(actor)
        query = TicketQuery.of(view, visible.columns, actor=actor, as_of=now)
        count = count_tickets(self.catalog, query, visible.rows)
        select = select_tickets(self.catalog, query, visible.rows).limit(PAGE_SIZE)
        with read_errors(self.engine.dialect), connected(self.engine) as connection:
            begin_snapshot(connection)
            total = connection.execute(count).scalar_one()
            number = max(1, min(number, -(-total // PAGE_SIZE)))
            rows = connection.execute(select.offset((number - 1) * PAGE_SIZE)).all()
        names = [column.name for column in query.columns]
        shown = [dict(zip(names, map(_text, row), strict=True)) for row in rows]
        return TicketPage(number=number, rows=shown, total=total)


def _text(cell: object) -> str | None:
    return None if cell is None else str(cell)
