"""PostgreSQL's stored types, where the catalog declares others or says nothing of collations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tests.integration.postgresql.query_plans import plan_of
from tests.postgresql_server import PostgresqlServer
from ticket_export import CsvFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.application.view.visibility import EVERY_ROW
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.catalog import (
    CatalogColumn,
    TicketCatalog,
    boolean_column,
    choice_column,
    id_column,
    number_column,
    text_column,
)
from ticket_export.infrastructure.tickets.postgresql.stored_catalog import catalog_as_stored
from ticket_export.infrastructure.tickets.sql_functions import JoinedTags
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.infrastructure.tickets.ticket_select import select_tickets
from ticket_export.testing.entities import AN_ACTOR

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine(each_postgresql_server: PostgresqlServer) -> Iterator[Engine]:
    with each_postgresql_server.database(migrated=False) as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TYPE mood AS ENUM ('calm', 'urgent')"))
            connection.execute(text("CREATE TYPE pair AS (a int, b text)"))
            connection.execute(text("CREATE TYPE public.name AS (first text, last text)"))
            connection.execute(text("CREATE DOMAIN code AS varchar(10) CHECK (VALUE <> 'x')"))
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def engine_with_icu(installed_postgresql_server: PostgresqlServer) -> Iterator[Engine]:
    """The wheel's server is built without ICU."""
    with installed_postgresql_server.database(migrated=False) as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            for name, locale in {"loose": "und-u-ks-level2", "ignorable": "und-u-ka-shifted-ks-level1"}.items():
                connection.execute(
                    text(f"CREATE COLLATION {name} (provider = icu, locale = '{locale}', deterministic = false)")
                )
        yield engine
        engine.dispose()


def desk_of(
    engine: Engine, stored: Sequence[str], declared: Any, columns: Callable[[Table], list[CatalogColumn]]
) -> SqlAlchemyTicketSource:
    """A table with the columns ``c0``, ``c1`` … of these stored types, without a row."""
    names = [f"c{place}" for place in range(len(stored))]
    created = ", ".join(f"{name} {type_}" for name, type_ in zip(names, stored, strict=True))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS desk"))
        connection.execute(text(f"CREATE TABLE desk (id bigint PRIMARY KEY, opened timestamp, {created})"))
    table = Table(
        "desk",
        MetaData(),
        Column("id", BigInteger),
        Column("opened", DateTime),
        *(Column(name, declared) for name in names),
    )
    catalog = TicketCatalog(
        tables=table,
        id=table.c.id,
        created_at=table.c.opened,
        columns=[number_column("id", "ID", table.c.id), *columns(table)],
    )
    return SqlAlchemyTicketSource(engine, catalog)


def insert(engine: Engine, rows: Sequence[Sequence[str | None]]) -> None:
    """Rows 1, 2, 3 …; the values are SQL."""
    with engine.begin() as connection:
        for number, row in enumerate(rows, 1):
            values = ", ".join(value or "NULL" for value in row)
            connection.exec_driver_sql(f"INSERT INTO desk VALUES ({number}, '2026-01-01', {values})")


def problems(source: SqlAlchemyTicketSource) -> list[str]:
    with pytest.raises(ConfigurationError) as refusal:
        read(source, columns=["id"])
    return str(refusal.value).splitlines()


def read(source: SqlAlchemyTicketSource, **view: Any) -> list[str]:
    query = TicketQuery.of(view, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, CsvFormat()) as reader:
        count = reader.count()
        found = b"".join(block.data for block in reader.blocks()).decode().splitlines()
    assert count == len(found)
    return found


def shown(source: SqlAlchemyTicketSource, operator: str, value: str | None, field: str = "c0") -> list[str]:
    return read(source, columns=["id"], filters=[{"field": field, "operator": operator, "value": value}])


TEXTS = [
    ("text", ["'Land'"], ["Land"]),
    ("varchar(9)", ["'Land'"], ["Land"]),
    ("char(9)", ["'Land'"], ["Land"]),
    ("name", ["'Land'"], ["Land"]),
    ('"char"', ["'L'"], ["L"]),
    ("code", ["'Land'"], ["Land"]),
    ("mood", ["'calm'"], ["calm"]),
    ("smallint", ["-7"], ["'-7"]),
    ("bigint", ["7893946004064"], ["7893946004064"]),
    ("numeric(10,2)", ["2.5", "'NaN'"], ["2.5", "NaN"]),
    ("real", ["0.1", "1e6"], ["0.1", "1000000"]),
    ("float", ["2", "'Infinity'"], ["2", "Infinity"]),
    ("boolean", ["true", "false"], ["true", "false"]),
    ("date", ["'2026-03-01'", "'infinity'"], ["2026-03-01", "infinity"]),
    ("time", ["'10:00:00.75'"], ["10:00:00"]),
    ("uuid", ["'6F1C2B1E8F0E4A539A0E2D7F0F3A9B11'"], ["6f1c2b1e-8f0e-4a53-9a0e-2d7f0f3a9b11"]),
]


@pytest.mark.parametrize("make", [text_column, choice_column])
def test_column_declared_as_text_shows_and_filters_what_is_stored_as_another_type(
    engine: Engine, make: Callable[..., CatalogColumn]
) -> None:
    names = [f"c{place}" for place in range(len(TEXTS))]
    desk = desk_of(
        engine,
        [stored for stored, *_ in TEXTS],
        Text(),
        lambda table: [make(name, name, table.c[name], searchable=True) for name in names],
    )
    insert(engine, [[values[row] if row < len(values) else None for _, values, _ in TEXTS] for row in range(3)])
    for name, (stored, _, cells) in zip(names, TEXTS, strict=True):
        first = cells[0].removeprefix("'")
        assert read(desk, columns=[name]) == [*cells, *['""'] * (3 - len(cells))], stored
        assert shown(desk, "eq", first, name) == ["1"], stored
        assert shown(desk, "is_any_of", first, name) == ["1"], stored
        assert shown(desk, "eq", "no such", name) == [], stored
        assert shown(desk, "is_empty", None, name) == [str(row) for row in range(len(cells) + 1, 4)], stored
        assert len(read(desk, columns=[name], searchTerm=first)) == 1, stored


OTHERS = [
    *("inet", "cidr", "macaddr", "json", "jsonb", "xml", "money", "bit(3)", "varbit", "bytea", "interval", "int[]"),
    *(
        "text[]",
        "int4range",
        "tsvector",
        "point",
        "timetz",
        "pair",
        "public.name",
        "oid",
        "pg_lsn",
        "timestamptz",
        "timestamp",
    ),
]


@pytest.mark.parametrize("make", [text_column, choice_column, number_column, boolean_column, id_column])
def test_type_that_is_no_text_is_refused_when_the_catalog_is_first_used(
    engine: Engine, make: Callable[..., CatalogColumn]
) -> None:
    declared = {number_column: Integer(), boolean_column: Boolean()}.get(make, Text())
    names = [f"c{place}" for place in range(len(OTHERS))]
    desk = desk_of(engine, OTHERS, declared, lambda table: [make(name, name, table.c[name]) for name in names])
    found = problems(desk)
    assert len(found) == len(OTHERS)
    for problem, name in zip(found, names, strict=True):
        assert re.match(rf"ticket catalog: the \w+ column '{name}' is stored as [\w .\[\]]+; use \w+", problem), problem


@pytest.mark.parametrize(
    ("make", "declared", "stored"),
    [
        (number_column, Integer(), ["text", "boolean", "date", "uuid", "time"]),
        (number_column, Numeric(10, 2), ["text", "boolean", "date"]),
        (boolean_column, Boolean(), ["integer", "text", "numeric", "real"]),
        (id_column, Integer(), ["text", "uuid", "numeric"]),
        (id_column, Uuid(), ["bigint", "boolean"]),
        (id_column, String(), ["numeric", "date", "boolean", "float"]),
    ],
)
def test_kind_that_does_not_fit_what_is_stored_is_refused_when_the_catalog_is_first_used(
    engine: Engine, make: Callable[..., CatalogColumn], declared: Any, stored: list[str]
) -> None:
    names = [f"c{place}" for place in range(len(stored))]
    desk = desk_of(engine, stored, declared, lambda table: [make(name, name, table.c[name]) for name in names])
    assert len(problems(desk)) == len(stored)


def test_text_in_a_column_of_uuids_is_guarded_as_on_sqlite(engine: Engine) -> None:
    desk = desk_of(engine, ["text"], Uuid(), lambda table: [id_column("c0", "C", table.c.c0)])
    insert(engine, [["'-5'"], ["'=1'"], ["'-1.5e3'"], ["'-infinity'"], ["'nobody'"]])
    assert read(desk, columns=["c0"]) == ["'-5", "'=1", "'-1.5e3", "'-infinity", "nobody"]
    assert read(desk, columns=["id", "c0"])[0] == "1,'-5"


def test_uuid_that_is_stored_as_a_text_is_shown_and_found_in_every_spelling(engine: Engine) -> None:
    stored = ["'6F1C2B1E-8F0E-4A53-9A0E-2D7F0F3A9B11'", "'6f1c2b1e8f0e4a539a0e2d7f0f3a9b11'", "'nobody'", None]
    desk = desk_of(engine, ["varchar(36)"], Uuid(), lambda table: [id_column("c0", "A", table.c.c0)])
    insert(engine, [[value] for value in stored])
    canonical = "6f1c2b1e-8f0e-4a53-9a0e-2d7f0f3a9b11"
    assert read(desk, columns=["c0"]) == [canonical, canonical, "nobody", '""']
    assert shown(desk, "eq", canonical.upper()) == ["1", "2"]
    assert shown(desk, "is_none_of", canonical) == ["3", "4"]


@pytest.mark.parametrize("declared", [JSONB(), Text(), JSON()])
def test_tags_declared_as_another_type_than_the_stored_are_read_as_stored(engine: Engine, declared: Any) -> None:
    kinds = ["text", "json", "jsonb", "varchar"]
    names = [f"c{place}" for place in range(len(kinds))]
    desk = desk_of(
        engine,
        kinds,
        declared,
        lambda table: [text_column(name, name, func.upper(JoinedTags(table.c[name]))) for name in names],
    )
    insert(engine, [["""'["b", "a"]'"""] * len(kinds), [None] * len(kinds)])
    assert read(desk, columns=names) == [",".join(['"B, A"'] * len(kinds)), ",,,"]


def test_tags_that_are_no_json_column_are_refused_when_the_catalog_is_first_used(engine: Engine) -> None:
    desk = desk_of(engine, ["text[]"], JSONB(), lambda table: [text_column("tags", "Tags", JoinedTags(table.c.c0))])
    (problem,) = problems(desk)
    assert problem == (
        "ticket catalog: the text column 'tags' is stored as text[]; "
        "JoinedTags is for JSON; for an array use func.array_to_string(…, ', ')"
    )


LOOSE = ["'open'", "'OPEN'", "'öpen'", "'o-pen'", "''", "'-'", None, "'ß'", "'ss'"]
QUESTIONS = [
    *(("eq", "open"), ("neq", "open"), ("contains", "PEN"), ("not_contains", "pen"), ("starts_with", "o")),
    *(("ends_with", "PEN"), ("is_any_of", "open,ss"), ("is_none_of", "open,ss"), ("is_empty", None)),
    ("is_not_empty", None),
]


def collated(table: Table) -> list[CatalogColumn]:
    return [
        text_column("a", "A", table.c.c0, searchable=True),
        choice_column("b", "B", table.c.c0, choices=("OPEN", "open", "ss")),
        choice_column("free", "Free", table.c.c0),
        id_column("c", "C", table.c.c0),
        text_column("tags", "Tags", JoinedTags(table.c.c0), searchable=True),
        text_column("short", "Short", func.substr(table.c.c0, 1, 9, type_=Text()), searchable=True),
    ]


def answers(engine: Engine, collation: str) -> list[object]:
    desk = desk_of(engine, [f"text COLLATE {collation}"], Text(), collated)
    insert(engine, [[value] for value in LOOSE])
    found: list[object] = [read(desk, columns=["a", "b", "c", "tags"])]
    for field in ("a", "free", "c", "tags", "short"):
        known = {"eq", "neq", "is_any_of", "is_none_of", "is_empty", "is_not_empty"}
        known |= {"contains", "not_contains", "starts_with", "ends_with"} if field not in {"free", "c"} else set()
        found += [shown(desk, operator, value, field) for operator, value in QUESTIONS if operator in known]
    found += [read(desk, columns=["id", name], searchTerm=term) for name in ("a", "tags") for term in ("PEN", "SS")]
    found.append(read(desk, columns=["id"], sortField="b"))
    return found


def test_collation_of_a_column_changes_no_row_of_any_filter_or_search(engine_with_icu: Engine) -> None:
    expected = answers(engine_with_icu, '"C"')
    assert str(expected[0]).startswith("['open,open,open,open', 'OPEN,OPEN,OPEN,OPEN', ")
    for collation in ("loose", "ignorable", '"de-DE-x-icu"', '"tr-TR-x-icu"'):
        assert answers(engine_with_icu, collation) == expected, collation


def test_loose_collation_still_decides_the_order(engine_with_icu: Engine) -> None:
    desk = desk_of(engine_with_icu, ["text COLLATE loose"], Text(), collated)
    insert(engine_with_icu, [["'b'"], ["'A'"], ["'B'"], ["'a'"]])
    assert read(desk, columns=["a"], sortField="a") == ["A", "a", "b", "B"]


def test_index_answers_the_filter_of_a_column_in_a_loose_collation(engine_with_icu: Engine) -> None:
    desk = desk_of(engine_with_icu, ["text COLLATE loose"], Text(), collated)
    with engine_with_icu.begin() as connection:
        connection.execute(text("INSERT INTO desk SELECT i, '2026-01-01', 'x' || i FROM generate_series(1, 5000) i"))
        connection.execute(text("CREATE INDEX ix_c0 ON desk (c0)"))
        connection.execute(text("ANALYZE desk"))
        query = TicketQuery.of(
            {"columns": ["id"], "filters": [{"field": "free", "operator": "eq", "value": "x7"}]},
            desk.columns(AN_ACTOR),
            actor=AN_ACTOR,
            as_of=NOW,
        )
        stored = catalog_as_stored(connection, desk.catalog)
        assert "ix_c0" in plan_of(connection, select_tickets(stored, query, EVERY_ROW)).indexes


def test_text_of_two_collations_is_refused_with_what_to_do(engine_with_icu: Engine) -> None:
    stored = ['text COLLATE "de-DE-x-icu"', 'text COLLATE "tr-TR-x-icu"']
    desk = desk_of(
        engine_with_icu,
        stored,
        Text(),
        lambda table: [text_column("a", "A", func.coalesce(table.c.c0, table.c.c1))],
    )
    assert problems(desk) == [
        "ticket catalog: the text column 'a' mixes texts of several collations; name one with .collate(…)"
    ]
