"""Choices with labels: the same bytes from every ticket source, for every stored type."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    event,
    text,
)
from sqlalchemy import Enum as SqlEnum

from tests.postgresql_server import PostgresqlServer
from ticket_export import CsvFormat
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.catalog import EVERY_ROW, CatalogColumn, TicketCatalog, choice_column, number_column
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket, InMemoryTicketSource
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.ports import TicketColumns
from ticket_export.testing.entities import AN_ACTOR

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1)  # noqa: DTZ001 - as it is stored
ONE, OTHER = UUID(int=1), UUID(int=2)


class Level(Enum):
    low = "low"
    high = "high"


TICKETS = Table(
    "labelled",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("opened", DateTime),
    Column("state", Text),
    Column("loose", Text),
    Column("code", Integer),
    Column("level", SqlEnum(Level, name="level")),
    Column("owner", Uuid),
    Column("flag", Boolean),
    Column("tag", String(20)),
)
C = TICKETS.c
LABELS: dict[str, dict[str, str]] = {
    "state": {"new": '=Neu, "frisch"', "wip": "In Arbeit", "done": "Fertig\nZeile", "İ": "ẞ"},
    "loose": {"open": "Offen", "OPEN": "GANZ offen", "done": "-1"},
    "code": {"3": "Third", "1": "First"},
    "level": {"high": "@High", "low": "low"},
    "owner": {str(ONE): "Ann"},
    "flag": {"true": "yes", "false": "no"},
    "tag": {"b": "b", "a": "a"},
}
VALUES: dict[str, list[Any]] = {
    "state": ["new", "wip", "done", "NEW", "zzz", "", "=other", "In Arbeit", "İ", " new", None],
    "loose": ["open", "OPEN", "done", "Done", "x", None],
    "code": [1, 2, 3, 10, 9, -1, None],
    "level": [Level.low, Level.high, None],
    "owner": [ONE, OTHER, None],
    "flag": [True, False, None],
    "tag": ["a", "b", "c", "B", None],
}
COLUMNS: list[CatalogColumn] = [
    number_column("id", "ID", C.id),
    *(choice_column(name, name.title(), C[name], choices=labels, searchable=True) for name, labels in LABELS.items()),
]
SPELLINGS = {
    name: [*labels, *labels.values(), *(label.upper() for label in labels.values() if label != "ẞ")]
    for name, labels in LABELS.items()
}


def catalog() -> TicketCatalog:
    return TicketCatalog(tables=TICKETS, id=C.id, created_at=C.opened, columns=COLUMNS, visible_to=EVERY_ROW)


@pytest.fixture(scope="module", params=["sqlite", "postgresql_server", "installed_postgresql_server"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('labels')}/desk.db")
        TICKETS.create(engine)
        yield engine
        engine.dispose()
        return
    server: PostgresqlServer = request.getfixturevalue(request.param)
    with server.database(migrated=False) as url:
        engine = create_engine(url)
        TICKETS.create(engine)
        # The embedded server has no such collations.
        if request.param == "installed_postgresql_server":
            loose = "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
            with engine.begin() as connection:
                connection.execute(text(loose))
                connection.execute(text("ALTER TABLE labelled ALTER COLUMN loose TYPE text COLLATE loose"))
        yield engine
        engine.dispose()


rows = st.lists(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()}), max_size=12)


@st.composite
def views(draw: st.DrawFn) -> dict[str, Any]:
    names = list(LABELS)
    filtered = draw(st.lists(st.sampled_from(names), max_size=2))
    operators = st.sampled_from(["is_any_of", "is_none_of"])
    return {
        "columns": draw(st.lists(st.sampled_from(["id", *names]), min_size=1, unique=True)),
        "sortField": draw(st.none() | st.sampled_from(names)),
        "sortDirection": draw(st.sampled_from(["asc", "desc"])),
        "filters": [
            {"field": name, "operator": draw(operators), "value": [draw(st.sampled_from(SPELLINGS[name]))]}
            for name in filtered
        ],
    }


def read(source: TicketSource, view: dict[str, Any]) -> tuple[int, bytes]:
    columns = source.columns(AN_ACTOR)
    with source.open(TicketQuery.of(view, columns, actor=AN_ACTOR, as_of=NOW), CsvFormat()) as reader:
        return reader.count(), b"".join(block.data for block in reader.blocks())


def store(engine: Engine, stored: list[dict[str, Any]]) -> InMemoryTicketSource:
    numbered = [{"id": number, **row} for number, row in enumerate(stored, 1)]
    with engine.begin() as connection:
        connection.execute(TICKETS.delete())
        if numbered:
            connection.execute(TICKETS.insert(), [{"opened": LONG_AGO, **row} for row in numbered])
    tickets = [
        InMemoryTicket(id=row["id"], created_at=NOW, values={**row, "level": row["level"] and row["level"].value})
        for row in numbered
    ]
    return InMemoryTicketSource(TicketColumns(catalog().describe()), tickets)


@given(stored=rows, view=views(), term=st.none() | st.sampled_from(["neu", "ARBEIT", "o", "ẞ", "ss", "1", "zz", "@"]))
def test_every_source_gives_the_bytes_of_the_in_memory_one(
    engine: Engine, stored: list[dict[str, Any]], view: dict[str, Any], term: str | None
) -> None:
    if term and set(view["columns"]) != {"id"}:
        view = {**view, "searchTerm": term}
    plain = store(engine, stored)
    assert read(SqlAlchemyTicketSource(engine, catalog()), view) == read(plain, view)


def test_file_shows_labels_guarded_and_other_values_as_they_are_stored(engine: Engine) -> None:
    empty = dict.fromkeys(VALUES)
    stored = [{**empty, "state": state} for state in ("new", "zzz", "=other", None)]
    plain = store(engine, stored)
    expected = '1,"\'=Neu, ""frisch"""\n2,zzz\n3,\'=other\n4,\n'
    for source in (plain, SqlAlchemyTicketSource(engine, catalog())):
        assert read(source, {"columns": ["id", "state"]})[1].decode() == expected


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_unknown_values_sort_together_by_text_behind_the_known_ones_and_null_comes_last(
    engine: Engine, direction: str
) -> None:
    empty = dict.fromkeys(VALUES)
    plain = store(engine, [{**empty, "code": code} for code in (10, 9, None, 1, 3, -1, 2)])
    ascending = ["Third", "First", "-1", "10", "2", "9"]
    expected = [*(ascending if direction == "asc" else ascending[::-1]), ""]
    view = {"columns": ["id", "code"], "sortField": "code", "sortDirection": direction}
    for source in (plain, SqlAlchemyTicketSource(engine, catalog())):
        lines = read(source, view)[1].decode().splitlines()
        assert [line.split(",")[1].strip("'") for line in lines] == expected


@pytest.mark.parametrize("value", ["wip", "In Arbeit", "IN ARBEIT", " in arbeit "])
def test_filter_takes_a_value_or_a_label_and_compares_with_the_stored_value(engine: Engine, value: str) -> None:
    store(engine, [{**dict.fromkeys(VALUES), "state": state} for state in ("wip", "In Arbeit", "new")])
    counted: list[tuple[str, Any]] = []

    def note(*args: Any) -> None:
        if TICKETS.name in args[2] and "count(" in args[2]:
            counted.append((args[2], args[3]))

    event.listen(engine, "before_cursor_execute", note)
    view = {"columns": ["id"], "filters": [{"field": "state", "operator": "eq", "value": value}]}
    assert read(SqlAlchemyTicketSource(engine, catalog()), view) == (1, b"1\n")
    event.remove(engine, "before_cursor_execute", note)
    # An index can answer a condition that has no label in it.
    assert len(counted) == 1
    assert "Arbeit" not in str(counted)
    assert "wip" in str(counted)


def test_choices_of_a_function_are_those_of_now(engine: Engine) -> None:
    labels = {"new": "New"}
    column = choice_column("state", "State", C.state, choices=lambda: labels)
    source = SqlAlchemyTicketSource(engine, attrs.evolve(catalog(), columns=[column]))
    store(engine, [{**dict.fromkeys(VALUES), "state": state} for state in ("late", "new")])
    view = {"columns": ["state"], "sortField": "state"}
    assert read(source, view)[1] == b"New\nlate\n"
    labels = {"late": "Late", "new": "New"}
    assert read(source, view)[1] == b"Late\nNew\n"
    assert read(source, {**view, "filters": [{"field": "state", "operator": "eq", "value": "LATE"}]})[1] == b"Late\n"
