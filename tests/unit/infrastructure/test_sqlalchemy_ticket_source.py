"""A host's own tables and engine, with the kinds of columns that the reference schema lacks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlalchemy
from sqlalchemy import Boolean, Column, Connection, DateTime, Dialect, Engine, Integer, MetaData, Numeric, String, Table

from ticket_export import CsvFormat
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import ConfigurationError, TicketSourceError, UnsupportedDialectError
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket, InMemoryTicketSource
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.catalog import (
    TicketCatalog,
    boolean_column,
    choice_column,
    date_column,
    id_column,
    number_column,
    text_column,
)
from ticket_export.infrastructure.tickets.sql_functions import JoinedTags
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CASES = Table(
    "cases",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("opened_at", DateTime, nullable=False),
    Column("price", Numeric(10, 2)),
    Column("urgent", Boolean),
    Column("due", DateTime),
    Column("code", String),
    Column("tags", String),
)
CATALOG = TicketCatalog(
    tables=CASES,
    id=CASES.c.number,
    created_at=CASES.c.opened_at,
    columns=[
        number_column("number", "Case", CASES.c.number),
        number_column("price", "Price", CASES.c.price),
        boolean_column("urgent", "Urgent", CASES.c.urgent),
        date_column("due", "Due", CASES.c.due),
        id_column("code", "Code", CASES.c.code),
        choice_column("kind", "Kind", CASES.c.code, choices=("b", "a")),
        text_column("tags", "Tags", JoinedTags(CASES.c.tags), searchable=True),
    ],
)
NAMES = [column.name for column in CATALOG.describe()]


@attrs.frozen(kw_only=True)
class Case:
    number: int
    opened_at: datetime = NOW
    price: Decimal | None = None
    urgent: bool | None = None
    due: datetime | None = None
    code: str | None = None
    tags: str | None = None

    def in_memory(self) -> InMemoryTicket:
        values = {**attrs.asdict(self), "kind": self.code}
        return InMemoryTicket(id=self.number, created_at=self.opened_at, values=values)

    def row(self) -> dict[str, object]:
        moments = {"opened_at": self.opened_at, "due": self.due}
        # These columns are naive, in UTC.
        return attrs.asdict(self) | {name: at.replace(tzinfo=None) if at else None for name, at in moments.items()}


TICKETS = [
    Case(number=1, price=Decimal("-1.25"), urgent=True, due=NOW, code="a"),
    Case(number=2, price=Decimal("2.50"), urgent=False, due=NOW + timedelta(days=1), code="=b"),
    Case(number=3, price=Decimal("7.75"), code="b"),
    Case(number=4, opened_at=NOW + timedelta(seconds=1), urgent=True),
]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    # As a host makes one: the driver's own transaction control, and nothing set up but the file.
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/host.db")
    with closing(sqlite3.connect(tmp_path / "host.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    CASES.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(CASES.insert(), [each.row() for each in TICKETS])
    yield engine
    engine.dispose()


@pytest.fixture
def source(engine: Engine) -> SqlAlchemyTicketSource:
    return SqlAlchemyTicketSource(engine, CATALOG)


def read(source: TicketSource, **view: Any) -> str:
    query = TicketQuery.of({"columns": NAMES, **view}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, CsvFormat()) as reader:
        count = reader.count()
        blocks = list(reader.blocks())
    assert count == sum(block.rows for block in blocks)
    return b"".join(block.data for block in blocks).decode()


def test_cells_are_written_by_their_kind(source: SqlAlchemyTicketSource) -> None:
    assert read(source).splitlines() == [
        "1,-1.25,true,2026-03-01 12:00:00,a,a,",
        "2,2.50,false,2026-03-02 12:00:00,'=b,'=b,",
        "3,7.75,,,b,b,",
    ]


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("price", "gt", "2.5", [3]),
        ("price", "gte", "2.5", [2, 3]),
        ("price", "lt", "2.5", [1]),
        ("price", "lte", "2.5", [1, 2]),
        ("price", "is_any_of", "2.5,7.75", [2, 3]),
        ("price", "neq", "2.50", [1, 3]),
        ("urgent", "is_true", None, [1]),
        ("urgent", "is_false", None, [2]),
        ("due", "is", "2026-03-01", [1]),
        ("due", "is_after", "2026-03-01T12:00:00", [2]),
        ("due", "is_within_next_days", "1", [1, 2]),
        ("code", "is_any_of", "a,=b", [1, 2]),
        ("code", "neq", "A", [1, 2, 3]),
        ("kind", "eq", "B", [3]),
    ],
)
def test_filters_of_every_kind(
    source: SqlAlchemyTicketSource, field: str, operator: str, value: str | None, expected: list[int]
) -> None:
    made = {"columns": ["number"], "filters": [{"field": field, "operator": operator, "value": value}]}
    plain = InMemoryTicketSource(CATALOG.describe(), [each.in_memory() for each in TICKETS])
    assert [int(line) for line in read(source, **made).split()] == expected
    assert read(plain, **made) == read(source, **made)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ('["a", "b"]', '"a, b"'),
        ("[]", '""'),
        ("", '""'),
        ("plain", "plain"),
        ('{"a": 1}', '"{""a"":1}"'),
        ('["a", 1]', '"[""a"",1]"'),
        ("=[", "'=["),
        ("null", '""'),
        ("[" * 100_000, "[" * 100_000),
        ('["\\ud800"]', '"[""\\ud800""]"'),
        (None, '""'),
    ],
)
def test_tags_that_are_no_list_of_texts_are_shown_compact_json(
    engine: Engine, source: SqlAlchemyTicketSource, stored: str | None, shown: str
) -> None:
    with engine.begin() as connection:
        connection.execute(CASES.update().values(tags=stored))
    assert read(source, columns=["tags"]) == f"{shown}\n" * 3


def test_snapshot_holds_on_an_engine_that_nobody_set_up(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    query = TicketQuery.of({"columns": ["number"]}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, CsvFormat()) as reader:
        assert reader.count() == 3
        with engine.begin() as connection:
            connection.execute(CASES.delete())
        assert [block.data for block in reader.blocks()] == [b"1\n2\n3\n"]


def test_database_in_which_readers_keep_writers_out_is_refused(tmp_path: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/plain.db")
    CASES.metadata.create_all(engine)
    with pytest.raises(ConfigurationError, match="'delete' mode"):
        read(SqlAlchemyTicketSource(engine, CATALOG))
    engine.dispose()


def test_ticket_that_was_never_marked_as_deleted_is_shown(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/gone.db")
    table = Table("t", MetaData(), Column("n", Integer), Column("at", DateTime), Column("gone", Boolean))
    table.append_column(Column("gone_at", DateTime))
    table.metadata.create_all(engine)
    at = NOW.replace(tzinfo=None)
    with engine.begin() as connection:
        rows = [{"n": number, "at": at, "gone": gone} for number, gone in enumerate([None, False, True])]
        connection.execute(table.insert(), rows)
    c = table.c
    columns = [number_column("n", "N", c.n)]
    catalog = TicketCatalog(
        tables=table, id=c.n, created_at=c.at, is_deleted=c.gone, deleted_at=c.gone_at, columns=columns
    )
    query = TicketQuery.of({"columns": ["n"]}, catalog.describe(), actor=AN_ACTOR, as_of=NOW)
    with SqlAlchemyTicketSource(engine, catalog).open(query, CsvFormat()) as reader:
        assert [block.data for block in reader.blocks()] == [b"0\n1\n"]
    engine.dispose()


@pytest.mark.parametrize("stored", ["2025-01-01 00:00:00", "2025-01-01 00:00:00.000000"])
@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("is", "2025-01-01", True),
        ("is", "2025-01-01T00:00:00", True),
        ("is_before", "2025-01-01", False),
        ("is_on_or_after", "2025-01-01", True),
        ("is_after", "2024-12-31", True),
        ("is_on_or_before", "2024-12-31", False),
    ],
)
def test_moments_may_be_stored_with_or_without_a_fraction(
    engine: Engine, source: SqlAlchemyTicketSource, stored: str, operator: str, value: str, found: bool
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE cases SET due = ? WHERE number = 1", (stored,))
        connection.exec_driver_sql("UPDATE cases SET due = NULL WHERE number <> 1")
    view = {"columns": ["number"], "filters": [{"field": "due", "operator": operator, "value": value}]}
    assert read(source, **view) == ("1\n" if found else "")


def test_formula_in_a_column_of_numbers_or_dates_is_guarded(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    # SQLite keeps any text in any column.
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE cases SET price = '=1+1', due = '@SUM(1)' WHERE number = 1")
    assert read(source, columns=["price", "due"]).splitlines()[0] == "'=1+1,'@SUM(1)"
    zoned = read(source, columns=["price", "due"], timeZone="Asia/Kathmandu")
    assert zoned.splitlines()[0] == "'=1+1,'@SUM(1)"


def test_bytes_and_numbers_in_a_column_of_text_are_searched_as_text(
    engine: Engine, source: SqlAlchemyTicketSource
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE cases SET tags = CAST(x'414243ff' AS BLOB) WHERE number = 1")
    assert read(source, columns=["number", "tags"], searchTerm="abc").startswith("1,")


def test_database_that_cannot_be_opened_is_the_sources_error(tmp_path: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/no/such/folder/x.db")
    with pytest.raises(TicketSourceError, match="could not be read") as caught:
        read(SqlAlchemyTicketSource(engine, CATALOG))
    assert str(tmp_path) not in str(caught.value)
    assert caught.value.__cause__ is not None


def test_database_without_tickets_is_the_sources_error(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(TicketSourceError) as caught:
        read(SqlAlchemyTicketSource(engine, CATALOG))
    assert "cases" not in str(caught.value)
    engine.dispose()


def test_error_of_the_block_is_none_of_the_sources(source: SqlAlchemyTicketSource) -> None:
    query = TicketQuery.of({"columns": ["number"]}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    error = sqlalchemy.exc.OperationalError("UPDATE jobs", {}, Exception("locked"))
    with pytest.raises(sqlalchemy.exc.OperationalError) as caught, source.open(query, CsvFormat()) as reader:
        for _ in reader.blocks():
            raise error
    assert caught.value is error


def test_engine_of_another_database_is_refused_by_name(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    # No such server is here: the driver's connection is all that tells them apart.
    connect = type(engine).connect

    def connect_elsewhere(self: Engine) -> Connection:
        connection = connect(self)
        dialect: Dialect = connection.dialect
        monkeypatch.setattr(dialect, "name", "mysql")
        monkeypatch.setattr(type(connection.connection), "driver_connection", object())
        return connection

    monkeypatch.setattr(type(engine), "connect", connect_elsewhere)
    with pytest.raises(UnsupportedDialectError, match="cannot be read from mysql"):
        read(SqlAlchemyTicketSource(engine, CATALOG))


@pytest.mark.parametrize(
    ("field", "direction", "expected"),
    [
        ("kind", "asc", [3, 1, 2]),
        ("kind", "desc", [2, 1, 3]),
        ("due", "asc", [1, 2, 3]),
        ("due", "desc", [2, 1, 3]),
        ("price", "desc", [3, 2, 1]),
    ],
)
def test_choices_sort_by_rank_and_blanks_stay_last(
    source: SqlAlchemyTicketSource, field: str, direction: str, expected: list[int]
) -> None:
    rows = read(source, columns=["number"], sortField=field, sortDirection=direction)
    assert [int(line) for line in rows.split()] == expected
