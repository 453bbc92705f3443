"""The same instants give the same bytes from every source, and those that a plain reading of the file would choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from operator import eq, ge, gt, le, lt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.postgresql_server import PostgresqlServer
from ticket_export import CsvFormat
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn, TicketColumns
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket, InMemoryTicketSource
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.catalog import TicketCatalog, date_column, day_column, number_column
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

AS_OF = datetime(2026, 3, 29, 0, 45, 30, 500_000, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ZONES = [
    None,
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
]
MOMENTS = [
    datetime.fromisoformat(text).replace(tzinfo=UTC)
    for text in (
        "2025-10-26T00:30:00",  # Berlin shows 02:30:00, as of the next
        "2025-10-26T01:30:00.999999",
        "2025-10-25T22:00:00",
        "2025-10-26T23:00:00",
        "2026-03-29T00:59:59.999999",
        "2026-03-29T01:00:00",
        "2025-11-02T05:30:00",  # New York shows 01:30:00, as of the next; Havana 00:30:00
        "2025-11-02T06:30:00.000001",
        "2025-11-02T04:30:00",
        "2010-11-07T02:30:30",  # St. John's shows a minute of Sunday, then Saturday again
        "2010-11-07T02:31:00",
        "2010-11-07T03:30:00",
        "2018-11-04T02:59:59",  # Sao Paulo has no midnight
        "2018-11-04T03:00:00",
        "2011-12-30T09:59:59.123",  # Apia skips a day
        "2011-12-30T10:00:00",
        "2026-04-04T14:45:00",  # Lord Howe goes back by half an hour
        "2026-04-04T15:15:00",
        "2026-03-22T00:45:30.500000",  # seven days before the request
        "2026-03-22T00:45:30.499999",
        "2026-04-05T00:45:30.500000",
        "2026-04-05T00:45:30.500001",
        "1970-01-01T00:00:00",
        "2026-03-29T00:45:30",
    )
]


@attrs.frozen(kw_only=True)
class Ticket:
    id: int
    created_at: datetime
    deleted_at: datetime | None
    due: datetime | None
    day: date | None


def tickets() -> list[Ticket]:
    made = [
        Ticket(
            id=number,
            created_at=AS_OF - timedelta(days=number),
            deleted_at=None,
            due=due,
            day=(due + timedelta(hours=5)).date(),
        )
        for number, due in enumerate(MOMENTS, 1)
    ]
    first = made[0]
    return [
        *made,
        attrs.evolve(first, id=100, due=None, day=None),
        attrs.evolve(first, id=101, created_at=AS_OF),
        attrs.evolve(first, id=102, created_at=AS_OF + TICK),
        attrs.evolve(first, id=103, deleted_at=AS_OF),
        attrs.evolve(first, id=104, deleted_at=AS_OF + TICK),
        attrs.evolve(first, id=105, day=AS_OF.date() - timedelta(days=7)),
        attrs.evolve(first, id=106, day=AS_OF.date() - timedelta(days=8)),
        attrs.evolve(first, id=107, day=AS_OF.date() + timedelta(days=1)),
    ]


TICKETS = tickets()
COLUMNS = TicketColumns(
    [
        TicketColumn(name="id", label="ID", kind=ColumnKind.NUMBER),
        TicketColumn(name="created", label="Created", kind=ColumnKind.DATE),
        TicketColumn(name="due", label="Due", kind=ColumnKind.DATE),
        TicketColumn(name="day", label="Day", kind=ColumnKind.DAY),
    ]
)


def catalog(*, aware: bool) -> TicketCatalog:
    """What a host declares, which need not be what is stored."""
    moment = sa.DateTime(timezone=aware)
    table = sa.Table(
        "desk",
        sa.MetaData(),
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("created_at", moment),
        sa.Column("deleted_at", moment),
        sa.Column("due", moment),
        sa.Column("day", sa.Date),
    )
    return TicketCatalog(
        tables=table,
        id=table.c.id,
        created_at=table.c.created_at,
        is_deleted=table.c.deleted_at.is_not(None),
        deleted_at=table.c.deleted_at,
        columns=[
            number_column("id", "ID", table.c.id),
            date_column("created", "Created", table.c.created_at),
            date_column("due", "Due", table.c.due),
            day_column("day", "Day", table.c.day),
        ],
    )


def in_memory() -> TicketSource:
    return InMemoryTicketSource(
        COLUMNS,
        [
            InMemoryTicket(
                id=each.id,
                created_at=each.created_at,
                deleted_at=each.deleted_at,
                values={"id": each.id, "created": each.created_at, "due": each.due, "day": each.day},
            )
            for each in TICKETS
        ],
    )


def usual(moment: datetime, _number: int) -> str:
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def of_many_programs(moment: datetime, number: int) -> str:
    """One of the spellings that mean this moment to its microsecond."""
    naive = moment.replace(tzinfo=None)
    spellings = [
        naive.isoformat(" ", "microseconds"),
        naive.isoformat("T") + "Z",
        naive.isoformat(" "),
        naive.isoformat("T", "microseconds") + "000",
        moment.astimezone(timezone(timedelta(hours=2))).isoformat(),
        moment.astimezone(timezone(-timedelta(hours=11, minutes=30))).isoformat(" ", "microseconds"),
        moment.astimezone(timezone(timedelta(hours=14))).strftime("%Y-%m-%d %H:%M:%S.%f %z"),
        naive.isoformat(" ", "microseconds") + " UTC",
        naive.isoformat(" ") + ".0" if not naive.microsecond else naive.isoformat("T"),
    ]
    return spellings[number % len(spellings)]


@contextmanager
def on_sqlite(path: Path, spell: Callable[[datetime, int], str], *, aware: bool) -> Iterator[TicketSource]:
    engine = create_engine(f"sqlite:///{path}")
    desk = catalog(aware=aware)
    desk.tables.metadata.create_all(engine)  # type: ignore[attr-defined]
    with engine.begin() as connection:
        for number, each in enumerate(TICKETS):
            moments = [
                None if moment is None else spell(moment, number + place)
                for place, moment in enumerate((each.created_at, each.deleted_at, each.due))
            ]
            day = None if each.day is None else each.day.isoformat() + (" 00:00:00" if number % 3 == 1 else "")
            connection.exec_driver_sql("INSERT INTO desk VALUES (?, ?, ?, ?, ?)", (each.id, *moments, day))
    yield SqlAlchemyTicketSource(engine, desk)
    engine.dispose()


@contextmanager
def on_postgresql(
    server: PostgresqlServer, stored: str, *, aware: bool, zone: str, of_host: bool = False
) -> Iterator[TicketSource]:
    """A table of that stored type in a database of that zone, over our engine or one that a host would make."""
    with server.database(migrated=False) as url:
        setup = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
        with setup.begin() as connection:
            database = connection.scalar(sa.text("SELECT current_database()"))
            connection.execute(sa.text(f"ALTER DATABASE {database} SET timezone = '{zone}'"))
            if of_host:
                # A role's zone goes before its database's.
                role = f"ALTER ROLE CURRENT_USER IN DATABASE {database} SET timezone = 'Asia/Tokyo'"
                connection.execute(sa.text(role))
            columns = f"created_at {stored}, deleted_at {stored}, due {stored}, day date"
            connection.execute(sa.text(f"CREATE TABLE desk (id bigint PRIMARY KEY, {columns})"))
            for each in TICKETS:
                moments = [moment and moment.isoformat() for moment in (each.created_at, each.deleted_at, each.due)]
                row = (each.id, *moments, each.day)
                connection.exec_driver_sql("INSERT INTO desk VALUES (%s, %s, %s, %s, %s)", row)
        setup.dispose()
        engine = sa.create_engine(setup.url) if of_host else create_engine(url)
        yield SqlAlchemyTicketSource(engine, catalog(aware=aware))
        engine.dispose()


@pytest.fixture(scope="module")
def sources(
    each_postgresql_server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, TicketSource]]:
    folder, server = tmp_path_factory.mktemp("desks"), each_postgresql_server
    new_york = "America/New_York"
    with ExitStack() as stack:
        enter = stack.enter_context
        yield {
            "in memory": in_memory(),
            "SQLite": enter(on_sqlite(folder / "usual.db", usual, aware=False)),
            "SQLite, of many programs": enter(on_sqlite(folder / "many.db", of_many_programs, aware=True)),
            "timestamp in UTC": enter(on_postgresql(server, "timestamp", aware=False, zone="UTC")),
            "Django": enter(on_postgresql(server, "timestamptz", aware=False, zone=new_york)),
            "EF": enter(on_postgresql(server, "timestamptz", aware=True, zone=new_york, of_host=True)),
            "Rails": enter(on_postgresql(server, "timestamp(6)", aware=True, zone=new_york, of_host=True)),
        }


def read(source: TicketSource, view: dict[str, Any]) -> str:
    query = TicketQuery.of(view, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=AS_OF)
    with source.open(query, CsvFormat()) as reader:
        count, blocks = reader.count(), list(reader.blocks())
    assert count == sum(block.rows for block in blocks)
    return b"".join(block.data for block in blocks).decode()


@st.composite
def filters(draw: st.DrawFn) -> dict[str, str]:
    field = draw(st.sampled_from(["due", "due", "created", "day"]))
    operator = draw(
        st.sampled_from(
            ["is", "is_before", "is_after", "is_on_or_before", "is_on_or_after"] * 2
            + ["is_within_past_days", "is_within_next_days", "is_empty", "is_not_empty"]
        )
    )
    if operator.endswith("empty"):
        return {"field": field, "operator": operator}
    if operator.endswith("days"):
        return {"field": field, "operator": operator, "value": draw(st.sampled_from(["0", "1", "7", "200"]))}
    moment = draw(st.sampled_from(MOMENTS)).astimezone(ZoneInfo(draw(st.sampled_from(ZONES)) or "UTC"))
    if field == "day" or draw(st.booleans()):
        return {"field": field, "operator": operator, "value": moment.date().isoformat()}
    offset = draw(st.sampled_from([moment, moment.replace(tzinfo=None), moment.replace(tzinfo=None)]))
    return {"field": field, "operator": operator, "value": offset.isoformat(timespec="seconds")}


@st.composite
def views(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "columns": ["id", "created", "due", "day"],
        "filters": [draw(filters())],
        "sortField": draw(st.sampled_from([None, "created", "due", "day"])),
        "sortDirection": draw(st.sampled_from(["asc", "desc"])),
        "timeZone": draw(st.sampled_from(ZONES)),
    }


def plainly_read(view: dict[str, Any]) -> str:
    """What a person would choose who sees nothing but the file of all tickets, and the request's own time."""
    zone = ZoneInfo(view["timeZone"] or "UTC")
    there = [
        each for each in TICKETS if each.created_at <= AS_OF and not (each.deleted_at and each.deleted_at <= AS_OF)
    ]
    chosen = [each for each in there if all(fits(each, one, zone) for one in view["filters"])]
    down = view["sortDirection"] == "desc"
    chosen.sort(key=lambda each: each.id, reverse=down)
    if key := {"created": "created_at"}.get(view["sortField"], view["sortField"]):
        filled = [each for each in chosen if getattr(each, key) is not None]
        filled.sort(key=lambda each: getattr(each, key), reverse=down)
        chosen = filled + [each for each in chosen if getattr(each, key) is None]
    return "".join(f"{','.join(cells(each, zone))}\n" for each in chosen)


def cells(ticket: Ticket, zone: ZoneInfo) -> tuple[str, ...]:
    day = "" if ticket.day is None else ticket.day.isoformat()
    return (str(ticket.id), shown(ticket.created_at, zone), shown(ticket.due, zone), day)


def shown(moment: datetime | None, zone: ZoneInfo) -> str:
    return "" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def fits(ticket: Ticket, one: dict[str, str], zone: ZoneInfo) -> bool:
    field, operator, value = one["field"], one["operator"], one.get("value", "")
    cell = {"created": ticket.created_at, "due": ticket.due, "day": ticket.day}[field]
    if cell is None or operator == "is_empty":
        return (cell is None) is (operator == "is_empty")
    if operator == "is_not_empty":
        return True
    if operator.endswith("days"):
        days = timedelta(days=int(value)) * (-1 if "past" in operator else 1)
        now = AS_OF if isinstance(cell, datetime) else AS_OF.astimezone(zone).date()
        return min(now, now + days) <= cell <= max(now, now + days)
    here: Any = shown(cell, zone) if isinstance(cell, datetime) else cell.isoformat()
    there: Any = value.replace("T", " ")
    if isinstance(cell, datetime) and (at := datetime.fromisoformat(value)).tzinfo:
        here, there = cell.replace(microsecond=0), at
    elif len(value) == len("2026-01-31"):
        here = here[:10]
    compare: Callable[[Any, Any], bool] = {
        "is": eq,
        "is_before": lt,
        "is_after": gt,
        "is_on_or_before": le,
        "is_on_or_after": ge,
    }[operator]
    return compare(here, there)


@given(view=views())
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_every_source_gives_the_bytes_that_a_plain_reading_gives(
    sources: dict[str, TicketSource], view: dict[str, Any]
) -> None:
    expected = plainly_read(view)
    for name, source in sources.items():
        assert (name, read(source, view)) == (name, expected)


@pytest.mark.parametrize("zone", ZONES)
def test_today_is_the_local_day_of_the_zone(sources: dict[str, TicketSource], zone: str | None) -> None:
    today = AS_OF.astimezone(ZoneInfo(zone or "UTC")).date().isoformat()
    for field in ("due", "created"):
        view = {
            "columns": ["id", "created", "due", "day"],
            "filters": [{"field": field, "operator": "is", "value": today}],
            "sortField": "created",
            "sortDirection": "asc",
            "timeZone": zone,
        }
        expected = plainly_read(view)
        assert field == "created" or expected != "" or zone in {"Pacific/Apia", "Pacific/Kiritimati"}
        assert {name: read(source, view) for name, source in sources.items()} == dict.fromkeys(sources, expected)
