"""Fill a help desk and read its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

from sqlalchemy import Engine, RowMapping, Table, func, select

from ticket_export.infrastructure.help_desk.sample_data.loader import load_sample_data
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES, HelpDeskTables

NOW: Final = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


class Load(Protocol):
    """A loader of sample tickets: the library's, or the benchmarks' fast one."""

    def __call__(
        self,
        engine: Engine,
        tables: HelpDeskTables,
        *,
        tickets: int,
        seed: int,
        now: datetime,
        on_progress: Callable[[int], None],
    ) -> None: ...


def fill(
    engine: Engine,
    tickets: int = 2_000,
    seed: int = 1,
    on_progress: Callable[[int], None] = lambda _inserted: None,
    *,
    load: Load = load_sample_data,
) -> None:
    load(engine, REFERENCE_TABLES, tickets=tickets, seed=seed, now=NOW, on_progress=on_progress)


def rows_of(engine: Engine, table: Table = REFERENCE_TABLES.tickets) -> Sequence[RowMapping]:
    with engine.connect() as connection:
        return connection.execute(select(table).order_by(*table.primary_key)).mappings().all()


def number_of(engine: Engine, table: Table) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()
