"""Stored values that are no moments of any calendar, or of none that Python has, end no export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Date, Engine, type_coerce

from tests.integration.tickets.test_stored_types import NOW, create, desk
from tests.postgresql_server import PostgresqlServer
from ticket_export import CsvFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.catalog import TicketCatalog, day_column, number_column
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

OPENED = "2026-03-01 12:00:00+00"
OPERATORS = ["is", "is_before", "is_after", "is_on_or_before", "is_on_or_after"]
ZONES = [None, "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"]
#: Stored text and written cell, in every zone. The first and the last that PostgreSQL has are among them.
MOMENTS = {
    "-infinity": "-infinity",
    "4713-11-24 00:00:00+00 BC": "4713-11-24 00:00:00 BC",
    "0044-03-15 12:00:00.75+00 BC": "0044-03-15 12:00:00 BC",
    "10000-01-01 00:00:00.5+00": "10000-01-01 00:00:00",
    "294276-12-31 23:59:59.999999+00": "294276-12-31 23:59:59",
    "infinity": "infinity",
}
DAYS = {
    "-infinity": "-infinity",
    "4714-11-24 BC": "4714-11-24 BC",
    "0044-03-15 BC": "0044-03-15 BC",
    "0001-01-01": "0001-01-01",
    "9999-12-31": "9999-12-31",
    "10000-01-01": "10000-01-01",
    "5874897-12-31": "5874897-12-31",
    "infinity": "infinity",
}


@pytest.fixture(scope="module")
def engine(each_postgresql_server: PostgresqlServer) -> Iterator[Engine]:
    with each_postgresql_server.database(migrated=False) as url:
        engine = create_engine(url)
        yield engine
        engine.dispose()


def days() -> TicketCatalog:
    catalog = desk(aware=False)
    tickets = catalog.tables.c
    return TicketCatalog(
        tables=catalog.tables,
        id=tickets.id,
        created_at=tickets.opened,
        columns=[
            number_column("id", "ID", tickets.id),
            day_column("due", "Due", type_coerce(tickets.due, Date())),
        ],
    )


def cells(engine: Engine, catalog: TicketCatalog, **view: Any) -> list[str]:
    source = SqlAlchemyTicketSource(engine, catalog)
    query = TicketQuery.of({"columns": ["id", "due"], **view}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, CsvFormat()) as reader:
        count, blocks = reader.count(), list(reader.blocks())
    lines = b"".join(block.data for block in blocks).decode().splitlines()
    assert len(lines) == count
    return [line.partition(",")[2] for line in lines]


@pytest.mark.parametrize("stored", ["timestamp", "timestamptz"])
def test_moment_outside_of_the_calendar_is_shown_in_utc_and_harms_no_filter_or_sort(
    engine: Engine, stored: str
) -> None:
    rows = [(number, OPENED, False, None, text) for number, text in enumerate(MOMENTS)]
    create(engine, opened="timestamptz", gone_at="timestamptz", due=stored, rows=rows)
    catalog = desk(aware=False)
    for zone in ZONES:
        assert cells(engine, catalog, sortField="due", timeZone=zone) == list(MOMENTS.values())
        for operator in OPERATORS:
            past, future = list(MOMENTS.values())[:3], list(MOMENTS.values())[-3:]
            wanted = {"is": [], "is_before": past, "is_on_or_before": past}.get(operator, future)
            where = [{"field": "due", "operator": operator, "value": "2026-03-01"}]
            assert cells(engine, catalog, filters=where, sortField="due", timeZone=zone) == wanted
            for edge in ("0001-01-01", "9999-12-31", "9999-12-31T23:59:59"):
                where = [{"field": "due", "operator": operator, "value": edge}]
                assert set(cells(engine, catalog, filters=where, timeZone=zone)) <= set(MOMENTS.values())


@pytest.mark.parametrize("declared_aware", [True, False])
def test_ticket_that_is_deleted_at_infinity_is_there_and_one_of_the_far_past_is_gone(
    engine: Engine, declared_aware: bool
) -> None:
    rows = [
        (1, "-infinity", True, "infinity", OPENED),
        (2, OPENED, True, "-infinity", None),
        (3, "infinity", False, None, None),
    ]
    create(engine, opened="timestamptz", gone_at="timestamptz", due="timestamptz", rows=rows)
    assert cells(engine, desk(aware=declared_aware)) == ["2026-03-01 12:00:00"]


def test_day_outside_of_the_calendar_is_shown_as_it_stands(engine: Engine) -> None:
    rows = [(number, OPENED, False, None, text) for number, text in enumerate(DAYS)]
    create(engine, opened="timestamptz", gone_at="timestamptz", due="date", rows=rows)
    catalog = days()
    for zone in ZONES:
        assert cells(engine, catalog, sortField="due", timeZone=zone) == list(DAYS.values())
        for operator in OPERATORS:
            past, future = list(DAYS.values())[:4], list(DAYS.values())[4:]
            wanted = {"is": [], "is_before": past, "is_on_or_before": past}.get(operator, future)
            where = [{"field": "due", "operator": operator, "value": "2026-03-01"}]
            assert cells(engine, catalog, filters=where, sortField="due", timeZone=zone) == wanted
            for edge in ("0001-01-01", "9999-12-31"):
                where = [{"field": "due", "operator": operator, "value": edge}]
                assert set(cells(engine, catalog, filters=where, timeZone=zone)) <= set(DAYS.values())


@pytest.mark.parametrize(
    ("stored", "advice"),
    [
        ("timestamp", "timestamp without time zone; date_column is for moments, which have a time"),
        ("timestamptz", "timestamp with time zone; date_column is for moments, which have a time"),
        ("text", "text; a day is stored as date"),
    ],
)
def test_day_column_on_another_stored_type_is_refused(engine: Engine, stored: str, advice: str) -> None:
    create(engine, opened="timestamptz", gone_at="timestamptz", due=stored)
    with pytest.raises(ConfigurationError) as refusal:
        cells(engine, days())
    assert str(refusal.value) == f"ticket catalog: the day column 'due' is stored as {advice}"


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2026-02-30 10:00:00", "2026-01-31T25:00:00Z", "0001-01-01T00:00:00+14:00", "2026", 1772366598],
)
@pytest.mark.parametrize("zone", ZONES)
def test_text_on_sqlite_that_is_not_a_moment_is_shown_as_it_stands_and_sorts_with_what_is_empty(
    tmp_path: Path, text: object, zone: str | None
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/desk.db")
    catalog = desk(aware=False)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE desk (id integer, opened text, gone boolean, gone_at text, due)")
        rows = [(1, OPENED, False, None, text), (2, OPENED, False, None, OPENED), (3, text, False, None, OPENED)]
        for row in rows:
            connection.exec_driver_sql("INSERT INTO desk VALUES (?, ?, ?, ?, ?)", row)
    noon = {
        "Pacific/Kiritimati": "2026-03-02 02",
        "Pacific/Pago_Pago": "2026-03-01 01",
        "Europe/Berlin": "2026-03-01 13",
    }
    moment = f"{noon.get(zone or '', '2026-03-01 12')}:00:00"
    for direction in ("asc", "desc"):
        assert cells(engine, catalog, sortField="due", sortDirection=direction, timeZone=zone) == [moment, str(text)]
    for operator in OPERATORS:
        where = [{"field": "due", "operator": operator, "value": "2026-01-31T10:00:00Z"}]
        assert str(text) not in cells(engine, catalog, filters=where, timeZone=zone)
    engine.dispose()
