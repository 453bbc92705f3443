"""Filling a help desk, and reading what is in it then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine, RowMapping, Table, func, select

from ticket_export.infrastructure.help_desk.sample_data.loader import load_sample_data
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES

NOW: Final = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def fill(
    engine: Engine, tickets: int = 2_000, seed: int = 1, on_progress: Callable[[int], None] = lambda _inserted: None
) -> None:
    load_sample_data(engine, REFERENCE_TABLES, tickets=tickets, seed=seed, now=NOW, on_progress=on_progress)


def rows_of(engine: Engine, table: Table = REFERENCE_TABLES.tickets) -> Sequence[RowMapping]:
    with engine.connect() as connection:
        return connection.execute(select(table).order_by(*table.primary_key)).mappings().all()


def number_of(engine: Engine, table: Table) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()
