"""Expressions that a host writes into its catalog mean the same on every database, whatever they are made of."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    and_,
    case,
    func,
    not_,
    or_,
    select,
    type_coerce,
)

from tests.postgresql_server import PostgresqlServer
from ticket_export import CsvFormat
from ticket_export.application.view.ticket_query import TicketQuery
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
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1)  # noqa: DTZ001 - stored in UTC


class State(enum.Enum):
    OPEN = "open"
    DONE = "done"


class StateText(TypeDecorator[State]):
    """As hosts write it to have members of an enumeration in Python."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: State | None, dialect: Dialect) -> str | None:
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> State | None:
        return None if value is None else State(value)


class Shouted(TypeDecorator[str]):
    """Converted by the database on its way out and in."""

    impl = Text
    cache_ok = True

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.upper(column)

    def bind_expression(self, bindparam: Any) -> ColumnElement[Any]:
        return func.lower(bindparam)


TICKETS = Table(
    "tickets",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("opened", DateTime),
    Column("spam", Boolean),
    Column("merged", Boolean),
    Column("gone_at", DateTime),
    Column("title", Text),
    Column("state", StateText),
    Column("code", Shouted),
)
C = TICKETS.c
ROWS: list[dict[str, Any]] = [
    {"spam": True, "merged": False, "gone_at": None, "title": "a", "state": State.OPEN, "code": "x"},
    {"spam": False, "merged": True, "gone_at": LONG_AGO, "title": "b", "state": State.DONE, "code": "y"},
    {"spam": False, "merged": False, "gone_at": None, "title": "c", "state": State.OPEN, "code": None},
    {"spam": None, "merged": None, "gone_at": None, "title": None, "state": None, "code": None},
    {"spam": True, "merged": True, "gone_at": LONG_AGO, "title": "e", "state": State.DONE, "code": "x"},
]
#: Conditions, with the tickets for which each is true and for which it is false.
CONDITIONS: dict[str, tuple[ColumnElement[bool], list[int], list[int]]] = {
    "or": (or_(C.spam, C.merged), [1, 2, 5], [3]),
    "and": (and_(C.spam, C.merged), [5], [1, 2, 3]),
    "not": (not_(C.spam), [2, 3], [1, 5]),
    "or_of_conditions": (or_(C.gone_at.is_not(None), C.spam), [1, 2, 5], [3]),
    "and_of_conditions": (and_(C.gone_at.is_(None), C.title != "a"), [3], [1, 2, 5]),
    "is_not_null": (C.gone_at.is_not(None), [2, 5], [1, 3, 4]),
    "comparison": (C.title > "b", [3, 5], [1, 2]),
    "between": (C.id.between(2, 3), [2, 3], [1, 4, 5]),
    "in": (C.id.in_([1, 4]), [1, 4], [2, 3, 5]),
    "like": (C.title.like("a%"), [1], [2, 3, 5]),
    "case": (case((C.id == 1, True), else_=C.spam), [1, 5], [2, 3]),
    "label": (C.spam.label("is_spam"), [1, 5], [2, 3]),
    "exists": (select(1).where(C.merged).correlate(TICKETS).exists(), [2, 5], [1, 3, 4]),
    "same": (C.spam == C.merged, [3, 5], [1, 2]),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql_server", "installed_postgresql_server"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if request.param == "sqlite":
        yield from filled(create_engine(f"sqlite:///{tmp_path_factory.mktemp('host')}/host.db"))
        return
    server: PostgresqlServer = request.getfixturevalue(request.param)
    with server.database(migrated=False) as url:
        yield from filled(create_engine(url))


def filled(engine: Engine) -> Iterator[Engine]:
    TICKETS.create(engine)
    with engine.begin() as connection:
        for number, row in enumerate(ROWS, 1):
            connection.execute(TICKETS.insert(), {"id": number, "opened": LONG_AGO, **row})
    yield engine
    engine.dispose()


def read(engine: Engine, *columns: CatalogColumn, is_deleted: Any = None, **view: Any) -> list[str]:
    source = SqlAlchemyTicketSource(
        engine,
        TicketCatalog(
            tables=TICKETS,
            id=C.id,
            created_at=C.opened,
            is_deleted=is_deleted,
            deleted_at=None if is_deleted is None else C.gone_at,
            columns=[number_column("id", "ID", C.id), *columns],
        ),
    )
    query = TicketQuery.of({"columns": ["id"], **view}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, CsvFormat()) as reader:
        count = reader.count()
        found = b"".join(block.data for block in reader.blocks()).decode().splitlines()
    assert count == len(found)
    return found


def ids(engine: Engine, column: CatalogColumn, operator: str, value: str | None = None) -> list[int]:
    where = [{"field": column.column.name, "operator": operator, "value": value}]
    return [int(line) for line in read(engine, column, filters=where)]


@pytest.mark.parametrize("name", CONDITIONS)
def test_ticket_for_which_the_condition_of_deletion_is_true_is_gone(engine: Engine, name: str) -> None:
    condition, true, _ = CONDITIONS[name]
    shown = [int(line) for line in read(engine, is_deleted=condition)]
    assert shown == [number for number in range(1, 6) if number not in true]


@pytest.mark.parametrize("name", CONDITIONS)
def test_boolean_column_is_filtered_by_its_whole_condition(engine: Engine, name: str) -> None:
    condition, true, false = CONDITIONS[name]
    column = boolean_column("flag", "Flag", condition)
    assert ids(engine, column, "is_true") == true
    assert ids(engine, column, "is_false") == false
    words = {**dict.fromkeys(true, "true"), **dict.fromkeys(false, "false")}
    assert read(engine, column, columns=["id", "flag"]) == [f"{each},{words.get(each, '')}" for each in range(1, 6)]


@pytest.mark.parametrize("make", [text_column, choice_column])
def test_text_that_ends_with_a_number_is_a_text(engine: Engine, make: Any) -> None:
    column = make("z", "Z", type_coerce(C.title.op("||")(C.id), Text), searchable=True)
    assert read(engine, column, columns=["z"]) == ["a1", "b2", "c3", '""', "e5"]
    assert read(engine, column, columns=["id", "z"], sortField="z", sortDirection="desc", searchTerm="3") == ["3,c3"]
    assert ids(engine, column, "eq", "b2") == [2]
    assert ids(engine, column, "is_empty") == [4]
    assert ids(engine, column, "neq", "b2") == [1, 3, 4, 5]


@pytest.mark.parametrize("choices", [(), ("open", "done")])
def test_choice_behind_a_type_decorator_is_shown_filtered_and_sorted_as_it_is_stored(
    engine: Engine, choices: tuple[str, ...]
) -> None:
    column = choice_column("state", "State", C.state, choices=choices, searchable=True)
    assert read(engine, column, columns=["state"]) == ["open", "done", "open", '""', "done"]
    assert ids(engine, column, "eq", "open") == [1, 3]
    assert ids(engine, column, "is_none_of", "open") == [2, 4, 5]
    assert ids(engine, column, "is_empty") == [4]
    assert ids(engine, column, "is_not_empty") == [1, 2, 3, 5]
    first = ["1", "3", "2", "5", "4"] if choices else ["2", "5", "1", "3", "4"]
    assert read(engine, column, sortField="state") == first
    assert read(engine, column, columns=["id", "state"], searchTerm="PEN") == ["1,open", "3,open"]


@pytest.mark.parametrize("make", [text_column, choice_column, id_column])
def test_conversion_by_a_type_decorator_changes_neither_cells_nor_filters(engine: Engine, make: Any) -> None:
    column = make("code", "Code", C.code)
    assert read(engine, column, columns=["code"]) == ["x", "y", '""', '""', "x"]
    assert ids(engine, column, "eq", "x") == [1, 5]
    assert ids(engine, column, "neq", "y") == [1, 3, 4, 5]
    assert ids(engine, column, "is_empty") == [3, 4]


def test_uuid_that_a_type_decorator_hides_is_one_where_the_catalog_says_so(engine: Engine) -> None:
    number = "6f1c2b1e-8f0e-4a53-9a0e-2d7f0f3a9b11"
    stored = case((C.id == 1, number), (C.id == 2, number.upper()), else_=None)
    column = id_column("owner", "Owner", type_coerce(stored, Uuid()))
    assert read(engine, column, columns=["owner"])[:2] == [number, number]
    assert ids(engine, column, "eq", number.replace("-", "")) == [1, 2]
