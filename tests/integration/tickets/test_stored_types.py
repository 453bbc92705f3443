"""The types that PostgreSQL stores decide, not those that a catalog declares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Engine, MetaData, Table, text

from tests.postgresql_server import PostgresqlServer
from ticket_export import CsvFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.catalog import TicketCatalog, date_column, number_column
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

NOW = datetime(2026, 3, 1, 12, 43, 18, 250_000, tzinfo=UTC)
STORED = ["timestamptz", "timestamp", "timestamp(6)", "timestamptz(6)"]
ZONES = [None, "Asia/Tokyo", "America/New_York", "Europe/Berlin"]


def desk(*, aware: bool) -> TicketCatalog:
    """A help desk whose catalog declares moments as that."""
    moment = DateTime(timezone=aware)
    tickets = Table(
        "desk",
        MetaData(),
        Column("id", BigInteger, primary_key=True),
        Column("opened", moment),
        Column("gone", Boolean),
        Column("gone_at", moment),
        Column("due", moment),
    ).c
    return TicketCatalog(
        tables=tickets.id.table,
        id=tickets.id,
        created_at=tickets.opened,
        is_deleted=tickets.gone,
        deleted_at=tickets.gone_at,
        columns=[
            number_column("id", "ID", tickets.id),
            date_column("opened", "Opened", tickets.opened),
            date_column("due", "Due", tickets.due),
        ],
    )


@pytest.fixture(scope="module")
def engine(each_postgresql_server: PostgresqlServer) -> Iterator[Engine]:
    with each_postgresql_server.database(migrated=False) as url:
        engine = create_engine(url)
        yield engine
        engine.dispose()


def create(engine: Engine, *, opened: str, gone_at: str, due: str, rows: Sequence[tuple[object, ...]] = ()) -> None:
    """A table of those stored types; moments in `rows` are ISO 8601 texts with an offset."""
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS desk"))
        connection.execute(
            text(f"CREATE TABLE desk (id bigint, opened {opened}, gone bool, gone_at {gone_at}, due {due})")
        )
        for row in rows:
            # A text of no type: a timestamp ignores the offset, which is that of UTC, and a timestamptz reads it.
            connection.exec_driver_sql("INSERT INTO desk VALUES (%s, %s, %s, %s, %s)", row)


def read(engine: Engine, catalog: TicketCatalog, **view: object) -> str:
    source = SqlAlchemyTicketSource(engine, catalog)
    query = TicketQuery.of({"columns": ["id"], **view}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, CsvFormat()) as reader:
        assert reader.count() >= 0
        return b"".join(block.data for block in reader.blocks()).decode()


@pytest.mark.parametrize("declared_aware", [True, False])
@pytest.mark.parametrize("stored", STORED)
def test_moment_is_shown_in_the_views_zone_without_an_offset_however_it_is_stored_and_declared(
    engine: Engine, stored: str, declared_aware: bool
) -> None:
    now = NOW.isoformat()
    create(engine, opened=stored, gone_at=stored, due=stored, rows=[(1, now, False, None, now)])
    catalog = desk(aware=declared_aware)
    assert read(engine, catalog, columns=["due"]) == "2026-03-01 12:43:18\n"
    assert read(engine, catalog, columns=["due"], timeZone="Asia/Tokyo") == "2026-03-01 21:43:18\n"


@pytest.mark.parametrize("declared_aware", [True, False])
@pytest.mark.parametrize("stored", STORED)
def test_newest_tickets_are_in_and_those_deleted_before_are_out_in_every_zone(
    engine: Engine, stored: str, declared_aware: bool
) -> None:
    opened = {number: (NOW - timedelta(hours=age)).isoformat() for number, age in enumerate([1, 3, 6, 9, 20], 1)}
    gone_at = (NOW - timedelta(hours=2)).isoformat()
    rows = [(number, at, number == 5, gone_at if number == 5 else None, None) for number, at in opened.items()]
    create(engine, opened=stored, gone_at=stored, due=stored, rows=rows)
    catalog = desk(aware=declared_aware)
    for zone in ZONES:
        assert read(engine, catalog, timeZone=zone).split() == ["1", "2", "3", "4"], zone


@pytest.mark.parametrize("declared_aware", [True, False])
@pytest.mark.parametrize("stored", STORED)
def test_filter_by_today_finds_the_tickets_of_the_local_day_in_every_zone(
    engine: Engine, stored: str, declared_aware: bool
) -> None:
    hours = range(-30, 31, 3)
    due = {number: NOW + timedelta(hours=hour) for number, hour in enumerate(hours)}
    rows = [(number, NOW.isoformat(), False, None, at.isoformat()) for number, at in due.items()]
    create(engine, opened=stored, gone_at=stored, due=stored, rows=rows)
    catalog = desk(aware=declared_aware)
    for zone in ZONES:
        local = ZoneInfo(zone or "UTC")
        today = NOW.astimezone(local).date()
        where = [{"field": "due", "operator": "is", "value": today.isoformat()}]
        found = [int(line) for line in read(engine, catalog, filters=where, timeZone=zone).split()]
        assert found == [number for number, at in due.items() if at.astimezone(local).date() == today]


@pytest.mark.parametrize("stored", ["timestamp", "timestamptz"])
def test_local_time_that_occurs_twice_finds_the_tickets_of_both(engine: Engine, stored: str) -> None:
    moments = ["2025-10-26T00:29:59Z", "2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z", "2025-10-26T01:30:01Z"]
    rows = [(number, moment, False, None, moment) for number, moment in enumerate(moments)]
    create(engine, opened=stored, gone_at=stored, due=stored, rows=rows)
    where = [{"field": "due", "operator": "is", "value": "2025-10-26T02:30:00"}]
    found = read(
        engine, desk(aware=stored == "timestamptz"), columns=["id", "due"], filters=where, timeZone="Europe/Berlin"
    )
    assert found == "1,2025-10-26 02:30:00\n2,2025-10-26 02:30:00\n"


def test_date_column_on_a_stored_day_is_refused_with_the_column_that_fits(engine: Engine) -> None:
    create(engine, opened="timestamp", gone_at="text", due="date")
    with pytest.raises(ConfigurationError) as refusal:
        read(engine, desk(aware=False))
    assert str(refusal.value).splitlines() == [
        "ticket catalog: deleted_at is stored as text; a moment is stored as timestamp (in UTC) or timestamptz",
        "ticket catalog: the date column 'due' is stored as date; day_column is for days without a time",
    ]


def test_catalog_is_compared_again_until_it_fits_the_database(engine: Engine) -> None:
    create(engine, opened="timestamp", gone_at="timestamp", due="text")
    catalog = desk(aware=False)
    with pytest.raises(ConfigurationError):
        read(engine, catalog)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE desk ALTER due TYPE timestamp USING due::timestamp"))
    assert read(engine, catalog) == ""
