"""Fills the reference schema with sample data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import Connection, Engine, Table, insert, text

from ticket_export.infrastructure.help_desk.sample_data.people_loader import last_number, load_people
from ticket_export.infrastructure.help_desk.sample_data.ticket_rows import TICKET_COLUMNS, TicketRows
from ticket_export.infrastructure.help_desk.tables import HelpDeskTables
from ticket_export.infrastructure.persistence.database.engine import begin_writing, commit

_CHUNK: Final = 1_000
# The sequence is never set back. Without a sequence the function returns NULL, and nothing is set.
_SET_COUNTER: Final = text("""
    SELECT setval(counter, greatest(:last, pg_sequence_last_value(counter)))
    FROM (SELECT pg_get_serial_sequence(:table, :column)::regclass AS counter) AS counters
""")


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
        is_postgresql = connection.dialect.name == "postgresql"
        numbered = (tables.contacts, tables.tickets)
        if is_postgresql:
            # The rows have explicit numbers; while no other connection adds rows, the next numbers stay free. SQLite
            # allows only one writer at a time anyway.
            connection.execute(text(f"LOCK TABLE {_names(connection, numbered)} IN SHARE ROW EXCLUSIVE MODE"))
        people = load_people(connection, tables)
        first_id = last_number(connection, tables.tickets) + 1
        yield connection, TicketRows(count=count, first_id=first_id, seed=seed, now=now, people=people)
        if is_postgresql:
            for table in numbered:
                _move_counter_to_last(connection, table)
            # PostgreSQL gathers statistics itself, but a minute later or never, and until then plans for empty tables.
            # SQLite plans without statistics; see the index on `CreationTime`.
            connection.execute(text(f"ANALYZE {_names(connection, (tables.users, tables.teams, *numbered))}"))
        commit(connection)


def _names(connection: Connection, tables: Iterable[Table]) -> str:
    return ", ".join(map(connection.dialect.identifier_preparer.format_table, tables))


def _move_counter_to_last(connection: Connection, table: Table) -> None:
    # The sequence does not look at the rows and would return numbers that are taken.
    if last := last_number(connection, table):
        values = {"last": last, "table": _names(connection, [table]), "column": table.c.id.name}
        connection.execute(_SET_COUNTER, values)
