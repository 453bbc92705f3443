"""SQLite keeps any value in any column: whatever another program has written is shown, found, sorted and counted."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Engine,
    Float,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    Uuid,
)

from ticket_export import CsvFormat
from ticket_export.application.view.conditions import fold
from ticket_export.application.view.ticket_column import ScopeRole
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import UnsupportedDialectError
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
from ticket_export.infrastructure.tickets.sql_functions import JoinedTags
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AN_ID = UUID("6f1c2b1e-8f0e-4a53-9a0e-2d7f0f3a9b11")
TABLE = Table(
    "odd",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("created_at", DateTime),
    Column("deleted", Boolean),
    Column("deleted_at", DateTime),
    Column("title", Text),
    Column("state", String(20)),
    Column("tags", Text),
    Column("number", Integer),
    Column("price", Numeric(10, 2)),
    Column("ratio", Float),
    Column("urgent", Boolean),
    Column("day", Date),
    Column("due", DateTime),
    Column("owner", Uuid),
    Column("loose", Text(collation="NOCASE")),
)
C = TABLE.c
CATALOG = TicketCatalog(
    tables=TABLE,
    id=C.id,
    created_at=C.created_at,
    is_deleted=C.deleted,
    deleted_at=C.deleted_at,
    columns=[
        number_column("id", "ID", C.id, searchable=True),
        text_column("title", "Title", C.title, searchable=True),
        choice_column("state", "State", C.state, choices=("new", "open"), searchable=True),
        text_column("tags", "Tags", JoinedTags(C.tags), searchable=True),
        number_column("number", "Number", C.number, searchable=True),
        number_column("price", "Price", C.price, searchable=True),
        number_column("ratio", "Ratio", C.ratio, searchable=True),
        boolean_column("urgent", "Urgent", C.urgent),
        text_column("day", "Day", C.day, searchable=True),
        day_column("onDay", "On the day", C.day),
        date_column("due", "Due", C.due),
        id_column("owner", "Owner", C.owner, scope_role=ScopeRole.ASSIGNEE),
        text_column("ownerText", "Owner as a text", C.owner, searchable=True),
        choice_column("loose", "Loose", C.loose),
    ],
)
NAMES = [column.name for column in CATALOG.describe()]
STORED = [column.name for column in TABLE.c if column.name not in {"id", "created_at", "deleted", "deleted_at"}]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('odd')}/odd.db")
    TABLE.create(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def source(engine: Engine) -> SqlAlchemyTicketSource:
    return SqlAlchemyTicketSource(engine, CATALOG)


def put(engine: Engine, column: str, values: Sequence[str], *parameters: object) -> None:
    """Rows 1, 2, 3 … with nothing but that column; the values are SQL."""
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM odd")
        for number, value in enumerate(values, 1):
            connection.exec_driver_sql(
                f"INSERT INTO odd (id, created_at, deleted, {column}) VALUES ({number}, '2026-01-01', 0, {value})",
                parameters,
            )


def read(source: SqlAlchemyTicketSource, *columns: str, **view: Any) -> list[list[str]]:
    query = TicketQuery.of({"columns": list(columns), **view}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, CsvFormat()) as reader:
        count = reader.count()
        data = b"".join(block.data for block in reader.blocks())
    rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    assert len(rows) == count
    return rows


def cells(source: SqlAlchemyTicketSource, column: str, **view: Any) -> list[str]:
    return [row[0] for row in read(source, column, **view)]


def shown(source: SqlAlchemyTicketSource, field: str, operator: str, value: str | None) -> list[int]:
    return [int(each) for each in cells(source, "id", filters=[{"field": field, "operator": operator, "value": value}])]


def test_byte_that_is_not_utf8_is_shown_as_a_replacement_character(
    engine: Engine, source: SqlAlchemyTicketSource
) -> None:
    # "Land" in Latin-1, with an umlaut.
    put(engine, "title", ["CAST(X'4CE46E64' AS TEXT)", "'Land'"])
    assert cells(source, "title") == ["L\ufffdnd", "Land"]
    assert cells(source, "title", sortField="title") == ["Land", "L\ufffdnd"]
    assert cells(source, "title", searchTerm="ND") == ["L\ufffdnd", "Land"]
    for operator, value, rows in [
        ("eq", "l\ufffdND", [1]),
        ("neq", "land", [1]),
        ("contains", "nd", [1, 2]),
        ("starts_with", "l", [1, 2]),
        ("ends_with", "\ufffdnd", [1]),
        ("is_any_of", "land,other", [2]),
        ("is_empty", None, []),
    ]:
        assert shown(source, "title", operator, value) == rows, operator


def test_text_that_is_stored_as_a_blob_is_a_text(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    put(
        engine,
        "title, state, tags",
        ["X'4C616E64', X'6F70656E', X'5B2261225D'", "'Aland', 'new', '[]'", "X'', X'', X''"],
    )
    assert read(source, "title", "state", "tags") == [["Land", "open", "a"], ["Aland", "new", ""], ["", "", ""]]
    assert cells(source, "title", sortField="title", sortDirection="desc") == ["Land", "Aland", ""]
    assert cells(source, "state", sortField="state") == ["new", "open", ""]
    assert cells(source, "title", searchTerm="LAND") == ["Land", "Aland"]
    for field, operator, value, rows in [
        ("title", "eq", "land", [1]),
        ("title", "is_empty", None, [3]),
        ("state", "eq", "OPEN", [1]),
        ("state", "is_none_of", "open", [2, 3]),
        ("state", "is_empty", None, [3]),
        ("tags", "eq", "a", [1]),
    ]:
        assert shown(source, field, operator, value) == rows, (field, operator)


def test_formula_in_a_blob_is_guarded(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    put(engine, "title", ["X'3D312B31'"])
    assert cells(source, "title") == ["'=1+1"]


@pytest.mark.parametrize(
    "stored",
    [
        "'6f1c2b1e8f0e4a539a0e2d7f0f3a9b11'",
        "'6F1C2B1E8F0E4A539A0E2D7F0F3A9B11'",
        "'6f1c2b1e-8f0e-4a53-9a0e-2d7f0f3a9b11'",
        "'6F1C2B1E-8F0E-4A53-9A0E-2D7F0F3A9B11'",
        "'{6F1C2B1E-8F0E-4A53-9A0E-2D7F0F3A9B11}'",
        "X'6F1C2B1E8F0E4A539A0E2D7F0F3A9B11'",
        "CAST('6F1C2B1E-8F0E-4A53-9A0E-2D7F0F3A9B11' AS BLOB)",
    ],
)
def test_id_in_another_programs_spelling_is_shown_in_ours_and_compared_right(
    engine: Engine, source: SqlAlchemyTicketSource, stored: str
) -> None:
    put(engine, "owner", [stored, f"'{UUID(int=1).hex}'", "NULL", "'nobody'", "'sixteen letters!'"])
    assert cells(source, "owner") == [str(AN_ID), str(UUID(int=1)), "", "nobody", "sixteen letters!"]
    assert cells(source, "ownerText", searchTerm="9A0E-2D7F") == [str(AN_ID)]
    assert shown(source, "owner", "eq", str(AN_ID)) == [1]
    assert shown(source, "owner", "neq", str(AN_ID).upper()) == [2, 3, 4, 5]
    assert shown(source, "owner", "is_any_of", f"{UUID(int=1)},{AN_ID.hex}") == [1, 2]
    assert shown(source, "ownerText", "starts_with", "6F1C2B1E-") == [1]
    assert cells(source, "id", scope={"assignedToUserId": str(AN_ID)}) == ["1"]


@pytest.mark.parametrize(
    ("column", "stored", "cell"),
    [
        ("title", "12", "12"),
        ("title", "2.5", "2.5"),
        ("state", "12", "12"),
        ("number", "'many'", "many"),
        ("number", "'=1+1'", "'=1+1"),
        ("number", "2.5", "2.5"),
        ("number", "-7", "-7"),
        ("number", "X'3132'", "12"),
        ("number", "CAST(X'E4' AS TEXT)", "\ufffd"),
        ("price", "3", "3.00"),
        ("price", "'2.5'", "2.50"),
        ("price", "'-12345678901234567890.5'", "-12345678901234567000.00"),
        ("price", "'many'", "many"),
        ("price", "X'322E35'", "2.50"),
        ("price", "-0.125", "-0.125"),
        ("price", "9e999", "Infinity"),
        ("ratio", "2", "2"),
        ("ratio", "1e16", "1e+16"),
        ("ratio", "-9e999", "-Infinity"),
        ("ratio", "'many'", "many"),
        ("urgent", "1", "true"),
        ("urgent", "0", "false"),
        ("urgent", "'true'", "true"),
        ("urgent", "'F'", "false"),
        ("urgent", "X'31'", "true"),
        ("urgent", "2", "true"),
        ("urgent", "'perhaps'", "perhaps"),
        ("day", "'2026-03-01 00:00:00.000000'", "2026-03-01"),
        ("day", "'2026-03-01T00:00:00Z'", "2026-03-01"),
        ("day", "'1 March'", "1 March"),
        ("onDay", "X'323032362D30332D3031'", "2026-03-01"),
        ("due", "CAST('2026-03-01 10:00:00.000000' AS BLOB)", "2026-03-01 10:00:00"),
        ("due", "CAST(X'E4' AS TEXT)", "\ufffd"),
    ],
)
def test_value_of_another_type_is_shown(
    engine: Engine, source: SqlAlchemyTicketSource, column: str, stored: str, cell: str
) -> None:
    put(engine, "day" if column == "onDay" else column, [stored])
    assert cells(source, column) == [cell]


def test_text_in_a_column_of_numbers_is_greater_than_no_number(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    put(engine, "number", ["'many'", "7", "X'37'", "NULL"])
    assert shown(source, "number", "gt", "1") == [2]
    assert shown(source, "number", "lt", "9") == [2]
    assert shown(source, "number", "neq", "7") == [1, 3, 4]


def test_boolean_is_found_in_every_spelling(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    put(engine, "urgent", ["1", "0", "'true'", "'FALSE'", "'yes'", "'perhaps'", "NULL", "CAST(X'E4' AS TEXT)"])
    assert shown(source, "urgent", "is_true", None) == [1, 3, 5]
    assert shown(source, "urgent", "is_false", None) == [2, 4]


def test_ticket_that_is_deleted_in_another_spelling_is_not_shown(
    engine: Engine, source: SqlAlchemyTicketSource
) -> None:
    put(engine, "title", ["'a'", "'b'", "'c'"])
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE odd SET deleted = 'true' WHERE id = 1")
        connection.exec_driver_sql("UPDATE odd SET deleted = 'false' WHERE id = 2")
    assert cells(source, "title") == ["b", "c"]


def test_collation_of_a_column_takes_no_two_texts_for_one(engine: Engine, source: SqlAlchemyTicketSource) -> None:
    put(engine, "loose", ["'open'", "'OPEN'"])
    assert shown(source, "loose", "eq", "open") == [1]
    assert shown(source, "loose", "is_none_of", "open") == [2]


def test_hosts_connection_is_left_as_it_was(tmp_path: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/host.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    TABLE.create(engine)
    put(engine, "title", ["CAST(X'4CE46E64' AS TEXT)"])
    source = SqlAlchemyTicketSource(engine, CATALOG)

    def factory() -> object:
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            return driver, driver.text_factory

    before = factory()
    assert cells(source, "title") == ["L\ufffdnd"]
    assert factory() == before
    query = TicketQuery.of({"columns": ["title"]}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with pytest.raises(ValueError, match="of the block"), source.open(query, CsvFormat()):
        raise ValueError("of the block")
    assert factory() == before
    engine.dispose()


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_database_in_utf16_is_refused_by_name(tmp_path: Path, encoding: str) -> None:
    with sqlite3.connect(tmp_path / "wide.db") as connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        connection.execute("CREATE TABLE first (id)")
    connection.close()
    engine = create_engine(f"sqlite:///{tmp_path}/wide.db")
    TABLE.create(engine)
    with pytest.raises(UnsupportedDialectError, match=f"the encoding {encoding}; use one with UTF-8"):
        cells(SqlAlchemyTicketSource(engine, CATALOG), "title")
    engine.dispose()


_letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_values = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.binary(max_size=8)
)
FILTERS = [
    *(("title", "contains", "a"), ("title", "is_empty", None), ("title", "is_none_of", "a,b"), ("state", "eq", "open")),
    *(("tags", "starts_with", "["), ("number", "gt", "0"), ("number", "is_none_of", "1,2.5"), ("price", "lte", "2.5")),
    *(("ratio", "neq", "0.1"), ("urgent", "is_true", None), ("owner", "neq", str(AN_ID)), ("day", "eq", "2026-03-01")),
    *(("onDay", "is_on_or_after", "2026-03-01"), ("due", "is_before", "2026-03-01"), ("due", "is", "2026-03-01")),
    ("loose", "neq", "x"),
]


@settings(suppress_health_check=list(HealthCheck), max_examples=20)
@given(values=st.lists(_values, min_size=len(STORED), max_size=len(STORED)), as_text=st.booleans())
@example(values=[b"\xff\xfe"] * len(STORED), as_text=True)
@example(values=["\0"] * len(STORED), as_text=False)
def test_no_value_keeps_a_ticket_from_being_shown(
    engine: Engine, source: SqlAlchemyTicketSource, values: list[object], as_text: bool
) -> None:
    # Bytes as a text too, which need not be UTF-8 then.
    marks = ", ".join("CAST(? AS TEXT)" if as_text and isinstance(value, bytes) else "?" for value in values)
    put(engine, ", ".join(STORED), [marks], *values)
    (everything,) = read(source, *NAMES)
    assert len(everything) == len(NAMES)
    for name in NAMES:
        (row,) = read(source, "id", sortField=name, sortDirection="desc")
        assert row == ["1"]
    read(source, *NAMES, searchTerm="a")
    assert len(read(source, *NAMES, timeZone="Asia/Tokyo")) == 1
    for field, operator, value in FILTERS:
        negated = {"neq": "eq", "is_none_of": "is_any_of"}.get(operator)
        found = shown(source, field, operator, value)
        if negated:
            assert sorted(found + shown(source, field, negated, value)) == [1], (field, operator)


@settings(suppress_health_check=list(HealthCheck), max_examples=40)
@given(
    stored=st.binary(max_size=12),
    needle=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=2),
)
def test_any_bytes_are_found_by_what_is_shown_of_them(
    engine: Engine, source: SqlAlchemyTicketSource, stored: bytes, needle: str
) -> None:
    put(engine, "title", ["CAST(? AS TEXT)"], stored)
    text = stored.decode(errors="replace")
    found = [operator for operator in ("contains", "starts_with") if shown(source, "title", operator, needle) == [1]]
    folded, needle = fold(text), fold(needle)
    expected = [("contains", needle in folded), ("starts_with", folded.startswith(needle))]
    assert found == [operator for operator, holds in expected if holds]
