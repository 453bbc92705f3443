"""The rows that PostgreSQL writes for a format are those that the format makes of typed cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    Connection,
    Date,
    DateTime,
    Double,
    Engine,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy import Column as SqlColumn

from tests.postgresql_server import PostgresqlServer
from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.formats.ndjson_format import NdjsonFormat
from ticket_export.application.formats.xlsx_format import XlsxFormat
from ticket_export.application.ports.file_format import Cell, FileFormat
from ticket_export.application.view.ticket_column import TicketColumn
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.application.view.visibility import EVERY_ROW
from ticket_export.infrastructure.formats.xlsx import FastXlsxFormat
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.catalog import (
    TicketCatalog,
    boolean_column,
    choice_column,
    date_column,
    day_column,
    id_column,
    number_column,
    text_column,
)
from ticket_export.infrastructure.tickets.postgresql.rows.spelling import Tickets
from ticket_export.infrastructure.tickets.postgresql.rows.spellings import spelled as row_spelling
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class CsvInPython(CsvFormat):
    """PostgreSQL does not write the rows of a format that has a method of its own for them."""

    def rows(self, columns: Sequence[TicketColumn], cells: Sequence[Sequence[Cell]]) -> bytes:
        return super().rows(columns, cells)


class NdjsonInPython(NdjsonFormat):
    def rows(self, columns: Sequence[TicketColumn], cells: Sequence[Sequence[Cell]]) -> bytes:
        return super().rows(columns, cells)


class XlsxInPython(XlsxFormat):
    def rows(self, columns: Sequence[TicketColumn], cells: Sequence[Sequence[Cell]]) -> bytes:
        return super().rows(columns, cells)


FORMATS = [
    (CsvFormat(formula_guard=False), CsvInPython(formula_guard=False)),
    (NdjsonFormat(), NdjsonInPython()),
    (XlsxFormat(), XlsxInPython()),
]
IDS = [spelled.name for spelled, _ in FORMATS]

#: Stored types, and values as SQL writes them.
STORED = {
    "note": (
        "text",
        ["", " x ", "a&b", "<b>", "&lt;", "]]>", 'say "no"', "\\N", "\\.", "\x0b", "\x1e", "\x1f"],
    ),
    "padded": ("character(4)", ["ab", "", "a\x1fb", "&"]),
    "folded": ("citext", ["Ab", "aB", "\x1e", ""]),
    "state": ("text", ["open", "new", "&", "strange", ""]),
    "key": ("text", ["6F1C2B1E8F0E4A539A0E2D7F0F3A9B11", "no uuid", "", "\x1f\x1e"]),
    "small": ("smallint", ["0", "-1", "32767"]),
    "large": ("bigint", ["999999999999999", "-999999999999999", "1000000000000000", "-9223372036854775808"]),
    "amount": ("numeric(20, 2)", ["1.5", "0", "-0.01", "9999999999999.99", "99999999999999.99", "NaN"]),
    "exact": (
        "numeric",
        ["0.000000000000001234", "0.1234567890123456", "1e20", "1.50", "NaN", "Infinity", "-Infinity", "1e1500"],
    ),
    "single": ("real", ["0.1", "1e20", "-0", "NaN", "Infinity", "1e-40"]),
    "double": ("double precision", ["0.1", "1e16", "-0", "NaN", "-Infinity", "1.7976931348623157e308", "5e-324"]),
    "done": ("boolean", ["true", "false"]),
    "due": (
        "date",
        [
            "2026-03-01",
            "1900-03-01",
            "1900-02-28",
            "0001-01-01",
            "9999-12-31",
            "0044-03-15 BC",
            "10000-01-01",
            "infinity",
        ],
    ),
    "opened": ("timestamp", []),
    "closed": ("timestamptz", []),
}
MOMENTS = [
    *("2026-03-01 10:30:15.75+00", "2026-07-01 10:30:15+00", "2025-10-26 00:30:00+00", "2025-10-26 01:30:00.999999+00"),
    *("1969-12-31 23:59:59.5+00", "1900-03-01 00:00:00+00", "1900-02-28 23:59:59+00", "1900-03-02 00:00:00+00"),
    *("1900-03-01 10:00:00+00", "1900-02-28 13:00:00+00", "1880-01-01 00:00:00.25+00", "0001-01-01 00:00:00+00"),
    *("0001-01-01 12:00:00+00", "0001-01-02 00:00:00+00", "9999-12-30 12:00:00+00", "9999-12-31 12:00:00+00"),
    *("9999-12-31 23:59:59.9+00", "10000-01-01 00:00:00+00", "0044-03-15 12:00:00+00 BC", "infinity", "-infinity"),
]
ZONES = [
    *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Africa/Monrovia"),
    *("Pacific/Kiritimati", "Pacific/Pago_Pago"),
]
TABLE = Table(
    "spelled",
    MetaData(),
    SqlColumn("id", Integer),
    SqlColumn("created_at", DateTime(timezone=True)),
    *(SqlColumn(name, Text) for name in ("note", "padded", "folded", "state")),
    SqlColumn("key", Uuid),
    *(SqlColumn(name, Integer) for name in ("small", "large")),
    SqlColumn("amount", Numeric(20, 2)),
    SqlColumn("exact", Numeric),
    *(SqlColumn(name, Double) for name in ("single", "double")),
    SqlColumn("done", Boolean),
    SqlColumn("due", Date),
    *(SqlColumn(name, DateTime) for name in ("opened", "closed")),
)
C = TABLE.c
CATALOG = TicketCatalog(
    tables=TABLE,
    id=C.id,
    created_at=C.created_at,
    columns=[
        id_column("id", "ID", C.id),
        *(text_column(name, name, C[name]) for name in ("note", "padded", "folded")),
        choice_column("state", "State", C.state, choices={"open": 'Open & "free" 100%', "new": "<New>"}),
        id_column("key", "Key", C.key),
        *(number_column(name, name, C[name]) for name in ("small", "large", "amount", "exact", "single", "double")),
        boolean_column("done", "Done", C.done),
        day_column("due", "Due", C.due),
        *(date_column(name, name, C[name]) for name in ("opened", "closed")),
        date_column("at%b,", "At", C.opened),
        text_column("size%b", "Size", C.small),
    ],
)
TEXTS = Table(
    "texts",
    MetaData(),
    SqlColumn("id", Integer),
    SqlColumn("created_at", DateTime(timezone=True)),
    *(SqlColumn(name, Text) for name in ("a", "b")),
)
TEXT_CATALOG = TicketCatalog(
    tables=TEXTS,
    id=TEXTS.c.id,
    created_at=TEXTS.c.created_at,
    columns=[number_column("id", "ID", TEXTS.c.id), *(text_column(name, name, TEXTS.c[name]) for name in ("a", "b"))],
)
ANY_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8) | st.text(
    alphabet="\\Nvnt\"'\x01\x08\x0b\x0c\x1b\x1d\x1e\x1f\x7f\t\r\n&<;>. ", max_size=8
)


@pytest.fixture(scope="module")
def engine(each_postgresql_server: PostgresqlServer) -> Iterator[Engine]:
    with each_postgresql_server.database(migrated=False) as url:
        engine = create_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def filled(engine: Engine) -> Engine:
    create(engine)
    values = {name: found for name, (_, found) in STORED.items()} | {"opened": MOMENTS, "closed": MOMENTS}
    with engine.begin() as connection:
        for number in range(len(MOMENTS) + 1):
            insert(connection, number, {name: each[number] for name, each in values.items() if number < len(each)})
        for number, length in enumerate([32_767, 32_768, 40_000], start=100):
            insert(connection, number, {"note": "é" * (length // 2) + "&" * (length % 2)})
            insert(connection, number + 100, {"note": "&<" * (length // 4), "folded": "x" * length})
    return engine


def create(engine: Engine) -> None:
    with engine.begin() as connection:
        has_citext = connection.scalar(text("SELECT count(*) FROM pg_available_extensions WHERE name = 'citext'"))
        if has_citext:
            connection.execute(text("CREATE EXTENSION citext"))
        types = {name: type_ for name, (type_, _) in STORED.items()} | ({} if has_citext else {"folded": "varchar"})
        columns = ", ".join(f"{name} {type_}" for name, type_ in types.items())
        connection.execute(text(f"CREATE TABLE spelled (id integer, created_at timestamptz, {columns})"))


def insert(connection: Connection, number: int, row: dict[str, str]) -> None:
    types = {name: type_ for name, (type_, _) in STORED.items()} | {"folded": "text"}
    # As text first, so that the driver sends each value as it is spelled here.
    given = [f"CAST(CAST(:{name} AS text) AS {types[name]})" for name in row]
    values = ", ".join([str(number), "'2026-01-01'", *given])
    statement = f"INSERT INTO spelled ({', '.join(['id', 'created_at', *row])}) VALUES ({values})"
    connection.execute(text(statement), row)


def rows(engine: Engine, file_format: FileFormat, catalog: TicketCatalog = CATALOG, **view: Any) -> bytes:
    source = SqlAlchemyTicketSource(engine, catalog)
    query = TicketQuery.of(view, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, file_format) as reader:
        count, blocks = reader.count(), list(reader.blocks())
    assert count == sum(block.rows for block in blocks)
    return b"".join(block.data for block in blocks)


@pytest.mark.parametrize(("spelled", "in_python"), FORMATS, ids=IDS)
@pytest.mark.parametrize("column", [each.column.name for each in CATALOG.columns])
def test_column_has_the_same_cells_in_sql_and_in_python(
    filled: Engine, column: str, spelled: FileFormat, in_python: FileFormat
) -> None:
    for zone in ZONES if column in {"opened", "closed"} else ["UTC"]:
        view: dict[str, Any] = {"columns": [column], "timeZone": zone}
        assert rows(filled, spelled, **view).split(b"\n") == rows(filled, in_python, **view).split(b"\n")


@pytest.mark.parametrize(("spelled", "in_python"), FORMATS, ids=IDS)
def test_whole_rows_are_the_same_in_sql_and_in_python(
    filled: Engine, spelled: FileFormat, in_python: FileFormat
) -> None:
    columns = [each.column.name for each in CATALOG.columns]
    for zone in ZONES:
        view: dict[str, Any] = {"columns": columns, "timeZone": zone}
        assert rows(filled, spelled, **view) == rows(filled, in_python, **view)


@pytest.mark.parametrize(("spelled", "in_python"), FORMATS, ids=IDS)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.tuples(st.none() | ANY_TEXTS, st.none() | ANY_TEXTS), max_size=4))
@example(texts=[("\x1e\x1f", "\x1f"), ("\\", "\x1f\\"), ("\\v", "\x0b"), (None, "\x1e")])
def test_texts_are_the_same_in_sql_and_in_python(
    engine: Engine, spelled: FileFormat, in_python: FileFormat, texts: list[tuple[str | None, str | None]]
) -> None:
    TEXTS.drop(engine, checkfirst=True)
    TEXTS.create(engine)
    stored = [{"id": number, "created_at": NOW, "a": a, "b": b} for number, (a, b) in enumerate(texts)]
    if stored:
        with engine.begin() as connection:
            connection.execute(TEXTS.insert(), stored)
    for columns in (["a"], ["a", "b"], ["b", "id", "a"]):
        found = rows(engine, spelled, TEXT_CATALOG, columns=columns)
        assert found == rows(engine, in_python, TEXT_CATALOG, columns=columns)


@pytest.mark.parametrize(("spelled", "in_python"), FORMATS, ids=IDS)
def test_only_the_rows_of_the_format_itself_are_spelled(spelled: FileFormat, in_python: FileFormat) -> None:
    query = TicketQuery.of({"columns": ["id"]}, CATALOG.describe(), actor=AN_ACTOR, as_of=NOW)
    tickets = Tickets(catalog=CATALOG, query=query, rows=EVERY_ROW)
    assert row_spelling(spelled, tickets)
    assert row_spelling(in_python, tickets) is None


def test_format_that_packs_its_files_in_another_way_has_the_same_rows() -> None:
    query = TicketQuery.of({"columns": ["id"]}, CATALOG.describe(), actor=AN_ACTOR, as_of=NOW)
    assert row_spelling(FastXlsxFormat(), Tickets(catalog=CATALOG, query=query, rows=EVERY_ROW))
