"""A host's own tables on PostgreSQL, with the types that the reference schema lacks."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest
from psycopg import sql
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Engine,
    Enum,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    TypeDecorator,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tests.postgresql_server import PostgresqlServer
from ticket_export import CsvFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import TicketSourceError, UnsupportedDialectError
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


class State(enum.Enum):
    CALM = "calm"
    URGENT = "urgent"


class Prefixed(TypeDecorator[str]):
    """A number that the database keeps behind a prefix."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else f"#{value}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else value.removeprefix("#")


CASES = Table(
    "cases",
    MetaData(),
    Column("number", BigInteger, primary_key=True),
    Column("opened at (100%)", DateTime(timezone=True), key="opened_at", nullable=False),
    Column("due", DateTime(timezone=True)),
    Column("price", Numeric(10, 2)),
    Column("urgent", Boolean),
    Column("state", Enum(State)),
    Column("code (%s)", Prefixed, key="code"),
    Column("as_number", Text),
    Column("tags", JSONB),
)
CATALOG = TicketCatalog(
    tables=CASES,
    id=CASES.c.number,
    created_at=CASES.c.opened_at,
    columns=[
        number_column("number", "Case", CASES.c.number),
        date_column("due", "Due", CASES.c.due),
        number_column("price", "Price", CASES.c.price),
        boolean_column("urgent", "Urgent", CASES.c.urgent),
        choice_column("state", "State", CASES.c.state, choices=("URGENT", "CALM")),
        id_column("code", "Code", CASES.c.code),
        text_column("asNumber", "As number", CASES.c.as_number),
        text_column("tags", "Tags", JoinedTags(CASES.c.tags), searchable=True),
    ],
)
ROWS: list[dict[str, object]] = [
    {"price": Decimal("2.50"), "urgent": True, "state": State.CALM, "code": "a", "as_number": "=1", "tags": ["b", "a"]},
    {"price": Decimal(-1), "urgent": False, "state": State.URGENT, "code": "b", "as_number": "2", "tags": []},
    {"price": None, "urgent": None, "state": None, "code": None, "as_number": None, "tags": None},
]


@pytest.fixture
def engine(each_empty_postgresql_url: str) -> Iterator[Engine]:
    engine = create_engine(each_empty_postgresql_url)
    CASES.metadata.create_all(engine)
    with engine.begin() as connection:
        for number, row in enumerate(ROWS, 1):
            connection.execute(CASES.insert(), {"number": number, "opened_at": NOW, "due": NOW, **row})
    yield engine
    engine.dispose()


@pytest.fixture
def source(engine: Engine) -> SqlAlchemyTicketSource:
    return SqlAlchemyTicketSource(engine, CATALOG)


def read(source: SqlAlchemyTicketSource, **view: Any) -> str:
    columns = [column.name for column in source.columns(AN_ACTOR)]
    query = TicketQuery.of({"columns": columns, **view}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, CsvFormat()) as reader:
        count = reader.count()
        blocks = list(reader.blocks())
    assert count == sum(block.rows for block in blocks)
    return b"".join(block.data for block in blocks).decode()


def test_cells_are_written_by_their_kind(source: SqlAlchemyTicketSource) -> None:
    assert read(source).splitlines() == [
        '1,2026-03-01 12:00:00,2.50,true,CALM,#a,\'=1,"b, a"',
        "2,2026-03-01 12:00:00,-1.00,false,URGENT,#b,2,",
        "3,2026-03-01 12:00:00,,,,,,",
    ]


ODD_SETTINGS = {
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "bytea_output": "escape",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "extra_float_digits": "-15",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "TimeZone": "America/New_York",
    "transform_null_equals": "on",
}


@pytest.mark.parametrize("name", ODD_SETTINGS)
def test_setting_of_the_hosts_database_changes_no_byte(
    engine: Engine, source: SqlAlchemyTicketSource, name: str
) -> None:
    where = [{"field": "asNumber", "operator": "is_none_of", "value": "x'\\"}]
    view = {"timeZone": "Asia/Tokyo", "sortField": "state", "filters": where}
    wanted = read(source, **view)
    with engine.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {engine.url.database} SET {name} = '{ODD_SETTINGS[name]}'"))
    # What an engine has found out about the catalog, it keeps.
    other = create_engine(engine.url.render_as_string(hide_password=False))
    assert read(SqlAlchemyTicketSource(other, CATALOG), **view) == wanted
    other.dispose()


def test_connection_that_is_read_only_by_default_is_so_after_an_export(
    engine: Engine, source: SqlAlchemyTicketSource
) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {engine.url.database} SET default_transaction_read_only = on"))
    engine.dispose()
    for _ in range(2):
        with engine.connect() as connection:
            assert connection.execute(text("SHOW transaction_read_only")).scalar_one() == "on"
        read(source)


def test_export_can_write_nothing_into_the_hosts_database(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION touched() RETURNS text LANGUAGE sql VOLATILE AS "
                "$$ UPDATE cases SET as_number = 'x' RETURNING as_number $$"
            )
        )
    column = text_column("touched", "Touched", func.touched(type_=Text()))
    writing = attrs.evolve(CATALOG, columns=[*CATALOG.columns, column])
    with pytest.raises(TicketSourceError) as caught:
        read(SqlAlchemyTicketSource(engine, writing), columns=["touched"])
    assert isinstance(caught.value.__cause__, ReadOnlySqlTransaction)


def test_moment_with_a_zone_is_shown_in_the_views(source: SqlAlchemyTicketSource) -> None:
    assert read(source, columns=["due"], timeZone="Asia/Kathmandu") == "2026-03-01 17:45:00\n" * 3


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("code", "eq", "#a", [1]),
        ("code", "is_any_of", "#a,#b,a", [1, 2]),
        ("code", "neq", "#a", [2, 3]),
        ("state", "eq", "calm", [1]),
        ("state", "is_none_of", "calm,urgent", [3]),
        ("state", "is_empty", None, [3]),
        ("price", "gt", "-1.5", [1, 2]),
        ("price", "eq", "2.5", [1]),
        ("urgent", "is_false", None, [2]),
        ("due", "is", "2026-03-01", [1, 2, 3]),
        ("due", "is_before", "2026-03-01", []),
        ("tags", "eq", "B, A", [1]),
        ("tags", "is_empty", None, [2, 3]),
    ],
)
def test_filters_of_every_kind(
    source: SqlAlchemyTicketSource, field: str, operator: str, value: str | None, expected: list[int]
) -> None:
    where = [{"field": field, "operator": operator, "value": value}]
    assert [int(line) for line in read(source, columns=["number"], filters=where).split()] == expected


def test_enumeration_sorts_by_the_catalogs_ranks(source: SqlAlchemyTicketSource) -> None:
    assert read(source, columns=["number"], sortField="state").split() == ["2", "1", "3"]


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ('{"a": 1}', '"{""a"":1}"\n'),
        ('["a", 1]', '"[""a"",1]"\n'),
        ('"text"', '"""text"""\n'),
        ("null", '""\n'),
        ("[]", '""\n'),
        ('["=1", "x"]', '"\'=1, x"\n'),
        ('["\\\\."]', "\\.\n"),
    ],
)
def test_tags_that_are_no_list_of_texts_are_shown_compact_json(
    engine: Engine, source: SqlAlchemyTicketSource, stored: str, shown: str
) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE cases SET tags = CAST(:stored AS jsonb)"), {"stored": stored})
    assert read(source, columns=["tags"]) == shown * 3


def test_tables_of_a_schema_that_the_engine_translates_are_read(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA elsewhere"))
        connection.execute(text("ALTER TABLE cases SET SCHEMA elsewhere"))
    elsewhere = engine.execution_options(schema_translate_map={None: "elsewhere"})
    assert read(SqlAlchemyTicketSource(elsewhere, CATALOG), columns=["number"]) == "1\n2\n3\n"


def test_engine_that_commits_by_itself_still_reads_one_snapshot(engine: Engine) -> None:
    source = SqlAlchemyTicketSource(engine.execution_options(isolation_level="AUTOCOMMIT"), CATALOG)
    query = TicketQuery.of({"columns": ["number"]}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, CsvFormat()) as reader:
        with engine.begin() as connection:
            connection.execute(CASES.delete())
        assert reader.count() == 3
        assert b"".join(block.data for block in reader.blocks()) == b"1\n2\n3\n"


def test_database_without_tickets_is_the_sources_error(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    CASES.drop(engine)
    query = TicketQuery.of({"columns": ["number"]}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    for ask in ("count", "blocks"):
        with pytest.raises(TicketSourceError) as caught, source.open(query, CsvFormat()) as reader:
            list(getattr(reader, ask)())
        assert "cases" not in str(caught.value)
        assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("what", "value", "refusal"),
    [
        ("server_version_info", (13, 11), "PostgreSQL 13.11; use release 14"),
        ("driver", "psycopg2", "with psycopg2; use psycopg 3"),
    ],
)
def test_what_is_too_old_is_refused_by_name(
    engine: Engine, source: SqlAlchemyTicketSource, monkeypatch: pytest.MonkeyPatch, what: str, value: Any, refusal: str
) -> None:
    monkeypatch.setattr(engine.dialect, what, value)
    with pytest.raises(UnsupportedDialectError, match=refusal):
        read(source)


def test_database_that_lacks_letters_is_refused(engine: Engine, each_postgresql_server: PostgresqlServer) -> None:
    name = sql.Identifier(f"{engine.url.database}_latin")
    create = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
    each_postgresql_server.run(sql.SQL(create).format(name))
    url = engine.url.set(database=f"{engine.url.database}_latin").render_as_string(hide_password=False)
    other = create_engine(url)
    try:
        with pytest.raises(UnsupportedDialectError, match="the encoding LATIN1; use one with UTF8"):
            read(SqlAlchemyTicketSource(other, CATALOG))
    finally:
        other.dispose()
        each_postgresql_server.run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
