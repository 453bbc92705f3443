"""Fills the reference schema with sample data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import Connection, Engine, insert, text

from ticket_export.infrastructure.help_desk.sample_data.people_loader import load_people
from ticket_export.infrastructure.help_desk.sample_data.row_numbers import (
    last_number,
    lock_for_numbering,
    move_counter_to_last,
)
from ticket_export.infrastructure.help_desk.sample_data.ticket_rows import TICKET_COLUMNS, TicketRows
from ticket_export.infrastructure.help_desk.tables import HelpDeskTables
from ticket_export.infrastructure.persistence.database.engine import begin_writing, commit

_CHUNK: Final = 1_000


def load_sample_data(
    engine: Engine,
    tables: HelpDeskTables,
    *,
    tickets: int,
    seed: int,
    now: datetime,
    on_progress: Callable[[int], None] = lambda _inserted: None,
) -> None:
    """Add that many sample `tickets` after the existing ones, and the people that they refer to.

    Everything is one transaction. Until it ends, other connections can read but cannot add contacts or tickets. People,
    roles and teams that exist already stay as they are. The same `seed`, `now` (aware UTC) and last ticket number
    produce the same tickets on every database. `on_progress` receives the number of inserted tickets after each chunk.
    """
    with new_tickets(engine, tables, count=tickets, seed=seed, now=now) as (connection, rows):
        remaining = (dict(zip(TICKET_COLUMNS, row, strict=True)) for row in rows)
        inserted = 0
        while chunk := list(islice(remaining, _CHUNK)):
            connection.execute(insert(tables.tickets), chunk)
            inserted += len(chunk)
            on_progress(inserted)


@contextmanager
def new_tickets(
    engine: Engine, tables: HelpDeskTables, *, count: int, seed: int, now: datetime
) -> Iterator[tuple[Connection, TicketRows]]:
    """Insert the people, yield the rows that the block is to insert and the connection for it, then commit."""
    with begin_writing(engine.connect()) as connection:
        lock_for_numbering(connection, (tables.contacts, tables.tickets))
        people = load_people(connection, tables)
        first_id = last_number(connection, tables.tickets) + 1
        yield connection, TicketRows(count=count, first_id=first_id, seed=seed, now=now, people=people)
        for table in (tables.contacts, tables.tickets):
            move_counter_to_last(connection, table)
        _gather_statistics(connection, tables)
        commit(connection)


def _gather_statistics(connection: Connection, tables: HelpDeskTables) -> None:
    # PostgreSQL does so by itself a minute later or never, and until then plans for empty tables. SQLite plans without
    # statistics; see `_tickets`.
    if connection.dialect.name == "postgresql":
        filled = (tables.users, tables.teams, tables.contacts, tables.tickets)
        names = ", ".join(map(connection.dialect.identifier_preparer.format_table, filled))
        connection.execute(text(f"ANALYZE {names}"))
