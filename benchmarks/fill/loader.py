"""The fast loader of sample tickets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from time import perf_counter
from typing import Final

from sqlalchemy import Engine

from benchmarks.fill.bulk_insert import BulkInsert
from benchmarks.fill.copy_insert import CopyInsert
from benchmarks.fill.deferred_upkeep import upkeep_deferred
from ticket_export import create_engine, upgrade
from ticket_export.infrastructure.help_desk.sample_data.loader import new_tickets
from ticket_export.infrastructure.help_desk.sample_data.ticket_rows import TICKET_COLUMNS
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES, HelpDeskTables

# From this number of rows on, creating indexes and foreign keys again costs less than keeping them up to date.
_MANY: Final = 10_000


def load_many(
    engine: Engine,
    tables: HelpDeskTables,
    *,
    tickets: int,
    seed: int,
    now: datetime,
    on_progress: Callable[[int], None] = lambda _inserted: None,
) -> None:
    """Do what `load_sample_data` does, two to five times as fast.

    If `tickets` are many and PostgreSQL has none yet, other connections cannot read tickets, contacts, teams and users
    until the transaction ends.
    """
    with new_tickets(engine, tables, count=tickets, seed=seed, now=now) as (connection, rows):
        insert = CopyInsert if connection.dialect.driver == "psycopg" else BulkInsert
        inserted = 0
        with upkeep_deferred(connection, tables.tickets) if tickets >= _MANY else nullcontext():
            for added in insert(connection, tables.tickets, TICKET_COLUMNS)(rows):
                inserted += added
                on_progress(inserted)


def fill_help_desk(url: str, tickets: int) -> float:
    """Create the tables in the empty database and insert that many tickets; return the seconds of the insert."""
    engine = create_engine(url)
    try:
        upgrade(engine, reference_schema=True)
        began = perf_counter()
        load_many(engine, REFERENCE_TABLES, tickets=tickets, seed=1, now=datetime.now(UTC))
        return perf_counter() - began
    finally:
        engine.dispose()
