"""Fills the reference schema."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from ticket_export.infrastructure.help_desk.sample_data.bulk_insert import BulkInsert
from ticket_export.infrastructure.help_desk.sample_data.copy_insert import CopyInsert
from ticket_export.infrastructure.help_desk.sample_data.deferred_upkeep import upkeep_deferred
from ticket_export.infrastructure.help_desk.sample_data.people_loader import load_people
from ticket_export.infrastructure.help_desk.sample_data.row_numbers import (
    keep_others_from_inserting,
    last_number,
    let_numbers_follow,
)
from ticket_export.infrastructure.help_desk.sample_data.table_statistics import gather_statistics
from ticket_export.infrastructure.help_desk.sample_data.ticket_rows import TICKET_COLUMNS, TicketRows
from ticket_export.infrastructure.help_desk.tables import HelpDeskTables
from ticket_export.infrastructure.persistence.database.engine import begin_writing, commit

# From so many on, making indexes and foreign keys anew costs less than keeping them up.
_MANY: Final = 10_000


def load_sample_data(
    engine: Engine,
    tables: HelpDeskTables,
    *,
    tickets: int,
    seed: int,
    now: datetime,
    on_progress: Callable[[int], None] = lambda _inserted: None,
) -> None:
    """Add so many made-up `tickets` after those that are there, and the people they need.

    All in one transaction, which keeps others from adding contacts and tickets, but not from reading; only
    where PostgreSQL has no tickets yet and gets many, tickets, contacts, teams and users may be out of reach until
    it ends. People, roles and teams that are there already stay as they are. The same `seed`, `now` (aware UTC)
    and last ticket number give the same tickets, on every database. `on_progress` is told now and then
    how many tickets are in.
    """
    with begin_writing(engine.connect()) as connection:
        keep_others_from_inserting(connection, (tables.contacts, tables.tickets))
        people = load_people(connection, tables)
        first_id = last_number(connection, tables.tickets) + 1
        rows = TicketRows(count=tickets, first_id=first_id, seed=seed, now=now, people=people)
        insert = CopyInsert if connection.dialect.driver == "psycopg" else BulkInsert
        inserted = 0
        with upkeep_deferred(connection, tables.tickets) if tickets >= _MANY else nullcontext():
            for added in insert(connection, tables.tickets, TICKET_COLUMNS)(rows):
                inserted += added
                on_progress(inserted)
        for table in (tables.contacts, tables.tickets):
            let_numbers_follow(connection, table)
        gather_statistics(connection, (tables.users, tables.teams, tables.contacts, tables.tickets))
        commit(connection)
