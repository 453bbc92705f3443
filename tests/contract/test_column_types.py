"""Every kind of column on every SQL type: the same rows and bytes from every source, or one sentence.

Each column is stored in SQLite, PostgreSQL and memory, with values at the edges of its type, and asked with values on
both sides of these edges.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    ARRAY,
    CHAR,
    JSON,
    REAL,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Engine,
    Enum,
    Float,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    Select,
    SmallInteger,
    String,
    Table,
    Text,
    Time,
    Uuid,
    select,
)
from sqlalchemy.dialects.postgresql import BIT, BYTEA, CIDR, INET, INT4RANGE, JSONB, MACADDR, MONEY, TSVECTOR

from tests.postgresql_server import PostgresqlServer
from ticket_export import CsvFormat
from ticket_export.application.formats.ndjson_format import NdjsonFormat
from ticket_export.application.formats.xlsx_format import XlsxFormat
from ticket_export.application.ports.file_format import FileFormat
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.view.filter_conditions import filter_condition
from ticket_export.application.view.filter_operators import OPERATORS, Operator
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.catalog import ColumnKind
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket, InMemoryTicketSource, holds
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
from ticket_export.infrastructure.tickets.condition_compiler import compile_condition
from ticket_export.infrastructure.tickets.postgresql.copy_statement import copy_statement
from ticket_export.infrastructure.tickets.postgresql.snapshot import driver_connection
from ticket_export.infrastructure.tickets.postgresql.stored_catalog import catalog_as_stored
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.infrastructure.tickets.sqlite.functions import register_functions
from ticket_export.testing.entities import AN_ACTOR

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
A_UUID = UUID("6f1c2b1e-8f0e-4a53-9a0e-2d7f0f3a9b11")
ANOTHER = UUID("00000000-0000-0000-0000-0000000000ff")


class Mood(enum.Enum):
    CALM = "calm"
    Urgent = "urgent"


#: Declared types and the values that are stored in them.
TYPES: Mapping[str, tuple[Any, list[Any]]] = {
    "text": (Text(), ["", "open", "Open", "=1", "-5", "1e2", " x ", "ÄRGER"]),
    "varchar": (String(20), ["", "open", "OPEN", "7", "true", A_UUID.hex[:20]]),
    "char": (CHAR(5), ["ab", "AB", "abcde", "a b", ""]),
    "enum": (Enum(Mood), [Mood.CALM, Mood.Urgent]),
    "smallint": (SmallInteger(), [0, 1, -1, 2**15 - 1, -(2**15)]),
    "integer": (Integer(), [0, 1, -1, 42, 2**31 - 1, -(2**31)]),
    "bigint": (BigInteger(), [0, 42, 2**53 + 1, 2**63 - 1, -(2**63)]),
    "money": (Numeric(10, 2), [Decimal(0), Decimal("2.5"), Decimal("-1.25"), Decimal("99999999.99"), Decimal(42)]),
    "whole": (Numeric(12, 0), [Decimal(0), Decimal(42), Decimal(-7), Decimal(10**12 - 1)]),
    "decimal": (Numeric(), [Decimal("2.50"), Decimal("0.1"), Decimal(-3), Decimal(10**16), Decimal("0.000001")]),
    "float": (Float(), [0.0, 2.0, 0.1, -2.5, 1e15, 1e16, 1e-5, 123456.789, 1e300, float(2**53), float("inf")]),
    "double": (Double(), [0.0, -0.0, 5e-324, 1.7976931348623157e308, -1e15, 1e14, 0.0001, 42.0]),
    "real": (REAL(), [0.0, 2.0, 0.1, -2.5, 1e6, 1e-5, 42.0]),
    "boolean": (Boolean(), [True, False]),
    "date": (Date(), [date(2026, 3, 1), date(1, 1, 1), date(9999, 12, 31)]),
    "time": (Time(), [time(9, 30), time(0, 0, 0), time(23, 59, 59, 999_999)]),
    "uuid": (Uuid(), [A_UUID, ANOTHER, UUID(int=0)]),
    "uuid_text": (Uuid(as_uuid=False), [str(A_UUID), str(ANOTHER)]),
    "plain_uuid": (Uuid(native_uuid=False), [A_UUID, ANOTHER]),
}
COUNT = max(len(values) for _, values in TYPES.values())
TABLE = Table(
    "typed",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("created_at", DateTime, nullable=False),
    *(Column(name, type_) for name, (type_, _) in TYPES.items()),
)
MAKERS: Mapping[ColumnKind, Callable[..., CatalogColumn]] = {
    ColumnKind.TEXT: text_column,
    ColumnKind.NUMBER: number_column,
    ColumnKind.BOOLEAN: boolean_column,
    ColumnKind.CHOICE: choice_column,
    ColumnKind.ID: id_column,
}
#: What the kinds accept; the rest is refused.
EVERY_TEXT = frozenset(TYPES)
NUMBERS = {"smallint", "integer", "bigint", "money", "whole", "decimal", "float", "double", "real"}
ACCEPTED = {
    ColumnKind.TEXT: EVERY_TEXT,
    ColumnKind.CHOICE: EVERY_TEXT,
    ColumnKind.NUMBER: NUMBERS,
    ColumnKind.BOOLEAN: {"boolean"},
    ColumnKind.ID: {
        *("text", "varchar", "char", "enum", "smallint", "integer", "bigint", "uuid", "uuid_text", "plain_uuid")
    },
}
COMBINATIONS = [(kind, name) for kind in MAKERS for name in TYPES]
COLUMNS = {f"{kind}_{name}": (kind, name) for kind, name in COMBINATIONS if name in ACCEPTED[kind]}
#: Values of filters, inside and outside what the types hold.
NUMBERS_ASKED = [
    *("0", "42", "-1", "2.5", "0.1", "32768", "3000000000", "-3000000000", "7893946004064", "9007199254740993"),
    *("9223372036854775807", "-9223372036854775808", "41.5", "99999999.995", "1e15", "0.30000000000000004"),
    *("9007199254740992.5", "1e-40"),
]
TEXTS_ASKED = [
    *("open", "OPEN", "", "ab", "ab   ", "CALM", "calm", "42", "2.50", "2.5", "0", "-2147483648", "true", "TRUE", "1"),
    *("2026-03-01", "2026", "09:30:00", "3000000000", str(A_UUID), A_UUID.hex, str(A_UUID).upper(), "1e+16", "ärger"),
]
ASKED: Mapping[ColumnKind, list[str]] = {
    ColumnKind.TEXT: TEXTS_ASKED,
    ColumnKind.CHOICE: TEXTS_ASKED,
    ColumnKind.NUMBER: NUMBERS_ASKED,
    ColumnKind.BOOLEAN: [],
}


def catalog() -> TicketCatalog:
    columns = [MAKERS[kind](name, name, TABLE.c[stored]) for name, (kind, stored) in COLUMNS.items()]
    return TicketCatalog(tables=TABLE, id=TABLE.c.id, created_at=TABLE.c.created_at, columns=columns)


CATALOG = catalog()
NAIVE = NOW.replace(tzinfo=None)
ROWS: list[dict[str, Any]] = [
    {
        "id": number,
        "created_at": NAIVE,
        **{name: values[number] if number < len(values) else None for name, (_, values) in TYPES.items()},
    }
    for number in range(COUNT + 1)
]


def in_memory(value: Any, name: str) -> Any:
    """The value as `InMemoryTicketSource` takes it."""
    if value is None:
        return None
    match name:
        case "enum":
            return value.name
        case "money":
            return value.quantize(Decimal("0.01"))
        case "decimal":
            return value.normalize()
        case "uuid_text":
            return UUID(value)
        case "char":
            return value.rstrip(" ")
    return value


TICKETS = [
    InMemoryTicket(
        id=row["id"],
        created_at=NOW,
        values={name: in_memory(row[stored], stored) for name, (_, stored) in COLUMNS.items()},
    )
    for row in ROWS
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql_server", "installed_postgresql_server"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Only read, so that one will do for all."""
    if request.param == "sqlite":
        yield from filled(create_engine(f"sqlite:///{tmp_path_factory.mktemp('types')}/typed.db"))
        return
    server: PostgresqlServer = request.getfixturevalue(request.param)
    with server.database(migrated=False) as url:
        yield from filled(create_engine(url))


def filled(engine: Engine) -> Iterator[Engine]:
    TABLE.create(engine)
    with engine.begin() as connection:
        connection.execute(TABLE.insert(), ROWS)
    yield engine
    engine.dispose()


def written(source: TicketSource, file_format: FileFormat, **view: Any) -> bytes:
    query = TicketQuery.of(view, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, file_format) as reader:
        count, blocks = reader.count(), list(reader.blocks())
    assert count == sum(block.rows for block in blocks)
    return b"".join(block.data for block in blocks)


def lines(source: TicketSource, **view: Any) -> list[str]:
    return written(source, CsvFormat(), **view).decode().splitlines()


MEMORY = InMemoryTicketSource(CATALOG.describe(), TICKETS)


@pytest.mark.parametrize(("kind", "name"), COMBINATIONS)
def test_kind_accepts_the_type_or_says_what_would_be_right(kind: ColumnKind, name: str) -> None:
    if name in ACCEPTED[kind]:
        assert MAKERS[kind]("a", "A", TABLE.c[name]).column.kind is kind
    else:
        with pytest.raises(ConfigurationError, match=rf"^ticket catalog: the {kind} column 'a' is of type .*; .*use "):
            MAKERS[kind]("a", "A", TABLE.c[name])


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(
    "type_",
    [
        *(JSON(), JSONB(), ARRAY(Text), ARRAY(Integer), Interval(), LargeBinary(), BYTEA(), INET(), CIDR(), MACADDR()),
        *(MONEY(), BIT(3), TSVECTOR(), INT4RANGE(), Time(timezone=True), DateTime(), DateTime(timezone=True)),
    ],
    ids=repr,
)
def test_type_that_is_no_text_is_refused_when_the_catalog_is_made(kind: ColumnKind, type_: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^ticket catalog: the \w+ column 'a' is of type .*; use \w+"):
        MAKERS[kind]("a", "A", Column("a", type_))


@pytest.mark.parametrize("file_format", [CsvFormat(), NdjsonFormat(), XlsxFormat()], ids=lambda each: each.name)
@pytest.mark.parametrize("column", COLUMNS)
def test_cells_are_the_same_bytes_from_every_source(engine: Engine, column: str, file_format: FileFormat) -> None:
    source = SqlAlchemyTicketSource(engine, CATALOG)
    assert written(source, file_format, columns=[column]) == written(MEMORY, file_format, columns=[column])


@pytest.mark.parametrize("column", [name for name, (_, stored) in COLUMNS.items() if stored not in {"text", "varchar"}])
def test_rows_come_in_the_same_order_from_every_source(engine: Engine, column: str) -> None:
    found = lines(SqlAlchemyTicketSource(engine, CATALOG), columns=[column], sortField=column, sortDirection="desc")
    assert found == lines(MEMORY, columns=[column], sortField=column, sortDirection="desc")


def conditions(column: str) -> list[tuple[str, Any]]:
    described = CATALOG.describe().find(column)
    assert described
    kind = described.kind
    asked = (
        ASKED.get(kind)
        or {
            "integer": [value for value in NUMBERS_ASKED if "." not in value and "e" not in value],
            "uuid": [str(A_UUID), str(A_UUID).upper(), A_UUID.hex, str(UUID(int=7))],
            "text": TEXTS_ASKED,
        }[described.id_type.value]
    )
    found = []
    for operator in OPERATORS[kind]:
        values: list[str | None] = [None] if operator.takes_no_value else [value for value in asked if value]
        if operator.takes_many_values:
            values = [",".join(value for value in asked if value), ",".join(asked[:2]) or None]
        found += [
            (f"{operator} {value}", filter_condition(described, Operator(operator), value, as_of=NOW, zone=UTC))
            for value in values
        ]
    return found


def answers(engine: Engine, asked: list[Any]) -> list[list[str]]:
    """For each ticket, whether it meets each of the conditions: ``1`` or ``t`` if it does."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            register_functions(connection.connection.driver_connection)  # type: ignore[arg-type]
            query = select(*[compile_condition(each, CATALOG) for each in asked]).order_by(TABLE.c.id)
            return [[str(cell) for cell in row] for row in connection.execute(query.select_from(TABLE))]
        stored = catalog_as_stored(connection, CATALOG)
        columns: list[ColumnElement[Any]] = [compile_condition(each, stored) for each in asked]
        found: Select[Any] = select(*columns).select_from(TABLE).order_by(TABLE.c.id)
        counted = [["t" if cell else "f" for cell in row] for row in connection.execute(found)]
        # The count sends its values apart, the rows have them in their text.
        statement, values = copy_statement(found, connection, "FORMAT csv")
        with driver_connection(connection).cursor() as cursor, cursor.copy(statement, values) as copy:
            copied = [bytes(record).decode().rstrip("\n").split(",") for record in copy]
        assert [["t" if cell == "t" else "f" for cell in row] for row in copied] == counted
        return counted


@pytest.mark.parametrize("column", COLUMNS)
def test_filters_show_the_same_rows_from_every_source(engine: Engine, column: str) -> None:
    asked = conditions(column)
    rows = answers(engine, [condition for _, condition in asked])
    for place, (name, condition) in enumerate(asked):
        found = [ticket.id for ticket, row in zip(TICKETS, rows, strict=True) if row[place] in {"1", "t", "True"}]
        wanted = [ticket.id for ticket in TICKETS if holds(condition, ticket.values[column])]
        assert found == wanted, f"{column} {name}"
