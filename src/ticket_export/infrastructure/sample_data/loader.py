"""Fills the reference schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ticket_export.infrastructure.persistence.commit import commit
from ticket_export.infrastructure.persistence.engine import begin_writing
from ticket_export.infrastructure.sample_data.bulk_insert import BulkInsert
from ticket_export.infrastructure.sample_data.people_loader import load_people
from ticket_export.infrastructure.sample_data.ticket_rows import TICKET_COLUMNS, TicketRows

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

    from ticket_export.infrastructure.persistence.tables import Tables


def load_sample_data(
    engine: Engine,
    tables: Tables,
    *,
    tickets: int,
    seed: int,
    now: datetime,
    on_progress: Callable[[int], None] = lambda _inserted: None,
) -> None:
    """Add so many made-up `tickets` after those that are there, and the people they need.

    All in one transaction. People, roles and teams that are there already stay as they are. The same
    `seed`, `now` (aware UTC) and last ticket number give the same tickets. `on_progress` is told now
    and then how many tickets are in.
    """
    with begin_writing(engine.connect()) as connection:
        people = load_people(connection, tables)
        last_id = connection.execute(select(func.max(tables.tickets.c.id))).scalar_one() or 0
        rows = TicketRows(count=tickets, first_id=last_id + 1, seed=seed, now=now, people=people)
        inserted = 0
        for added in BulkInsert(connection, tables.tickets, TICKET_COLUMNS)(rows):
            inserted += added
            on_progress(inserted)
        commit(connection)
