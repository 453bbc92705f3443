"""An export neither pages nor reads twice: what exactly is sent to the database."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from sqlalchemy import Engine, event

from tests.reference_help_desk import NOW, ReferenceTicket, store_people, store_tickets
from ticket_export import CsvFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

CATALOG = reference_catalog(REFERENCE_TABLES)
# More than one block's, so that a second page would show.
TICKETS = 2_500
BY_TITLE = 'ORDER BY "Tickets"."Title" ASC NULLS LAST, "Tickets"."Id" ASC'


def filled(url: str) -> Engine:
    engine = create_engine(url)
    upgrade(engine, reference_schema=True)
    store_people(engine, REFERENCE_TABLES)
    store_tickets(engine, REFERENCE_TABLES, (ReferenceTicket(id=number) for number in range(TICKETS)))
    return engine


def export(engine: Engine, **view: Any) -> None:
    source = SqlAlchemyTicketSource(engine, CATALOG)
    query = TicketQuery.of(
        {"columns": ["id", "title"], "sortField": "title", **view}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW
    )
    with source.open(query, CsvFormat()) as reader:
        assert reader.count() == TICKETS
        assert sum(block.rows for block in reader.blocks()) == TICKETS


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    engine = filled(f"sqlite:///{tmp_path}/desk.db")
    yield engine
    engine.dispose()


def test_sqlite_gets_one_transaction_with_two_statements(sqlite: Engine) -> None:
    sent: list[tuple[int, str]] = []

    def note(connection: Any, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append((id(connection.connection.driver_connection), statement))

    event.listen(sqlite, "before_cursor_execute", note)
    export(sqlite)
    assert len({connection for connection, _ in sent}) == 1
    begin, count, rows = (" ".join(statement.split()) for _, statement in sent)
    assert begin == "BEGIN"
    assert count.startswith("SELECT count(*)")
    assert rows.startswith("SELECT ")
    # SQLite may keep a title as a BLOB.
    assert rows.endswith(BY_TITLE.replace('"Tickets"."Title"', 'CAST("Tickets"."Title" AS TEXT)'))
    assert " LIMIT " not in rows
    assert "OFFSET" not in rows


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[Engine]:
    engine = filled(postgresql_url)
    # So that the next connection is a fresh one, which has nothing prepared.
    engine.dispose()
    yield engine
    engine.dispose()


@pytest.fixture
def wire(postgresql: Engine) -> Iterator[list[str]]:
    """The statements that libpq sends, from when the pool hands out a connection until it has it back."""
    sent: list[str] = []
    with tempfile.TemporaryFile("w+") as trace:

        def begin(driver: Any, *_rest: object) -> None:
            driver.pgconn.trace(trace.fileno())

        def end(driver: Any, *_rest: object) -> None:
            driver.pgconn.untrace()
            sent.extend(statements_of(trace))

        event.listen(postgresql, "checkout", begin)
        event.listen(postgresql, "checkin", end)
        yield sent


# A message in libpq's trace: time, direction, length, kind and contents, in which nothing is escaped.
_MESSAGE = re.compile(r"^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\t)", re.MULTILINE)
_STATEMENT = re.compile(r'\tF\t\d+\t(?:Query\t "(.*)"|Parse\t "[^"]*" "(.*)" \d+(?: \d+)*)\n$', re.DOTALL)


def statements_of(trace: IO[str]) -> list[str]:
    trace.seek(0)
    found = map(_STATEMENT.search, _MESSAGE.split(trace.read()))
    return [" ".join((each[1] or each[2]).split()) for each in found if each]


def test_postgresql_gets_one_transaction_with_one_copy(postgresql: Engine, wire: list[str]) -> None:
    export(postgresql, timeZone="Europe/Berlin")
    first = list(wire)
    wire.clear()
    export(postgresql, timeZone="Europe/Berlin")
    # The trace has both exports; the stored types were asked for in the first alone.
    begin, settings, count, copy, rollback = wire[len(first) :]
    *asked, _, _, _ = first[2:]
    assert first == [begin, settings, *asked, count, copy, rollback]
    tags, types_of_tags, cells, types_of_cells, collations, loose_ones = asked
    assert all("LIMIT" in statement for statement in (tags, cells, collations))
    for types in (types_of_tags, types_of_cells):
        assert types.startswith("SELECT oid, replace(pg_catalog.format_type(oid, NULL)")
    assert "pg_collation_for" in collations
    assert "NOT pg_catalog.pg_collation.collisdeterministic" in loose_ones
    assert begin == "BEGIN ISOLATION LEVEL REPEATABLE READ"
    assert "idle_in_transaction_session_timeout" in settings
    assert "set_config(" in settings
    assert count.startswith("SELECT count(*)")
    assert copy.startswith("COPY (SELECT ")
    by_title = BY_TITLE.replace('"Tickets"."Title"', '("Tickets"."Title")')
    assert copy.endswith(f"{by_title}) TO STDOUT (FORMAT csv, DELIMITER E',', ENCODING 'UTF8')")
    assert " LIMIT " not in copy
    assert "OFFSET" not in copy
    assert rollback == "ROLLBACK"
