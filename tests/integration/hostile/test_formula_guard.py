"""The formula guard as it reaches the file through each database, judged by a splitter of the tests' own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy import text as sql

from tests.postgresql_server import PostgresqlServer
from tests.reference_help_desk import NOW, ReferenceTicket, store_people, store_tickets
from tests.spreadsheet import all_cells, is_formula
from tests.strategies import spreadsheet_texts
from ticket_export import CsvFormat, unguard
from ticket_export.application.formula_guard import guard
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.catalog import TicketCatalog, number_column, text_column
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

TICKETS = REFERENCE_TABLES.tickets
CATALOG = reference_catalog(REFERENCE_TABLES)
# Each of the three databases is asked.
few = settings(max_examples=max(settings().max_examples // 2, 50))
texts = spreadsheet_texts | st.text(max_size=8)
delimiters = st.sampled_from([",", ";", "\t"])


@contextmanager
def help_desk(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    upgrade(engine, reference_schema=True)
    store_people(engine, REFERENCE_TABLES)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with help_desk(f"sqlite:///{tmp_path_factory.mktemp('guard')}/desk.db") as engine:
        yield engine


@pytest.fixture(scope="module")
def postgresql(postgresql_server: PostgresqlServer) -> Iterator[Engine]:
    with postgresql_server.database() as url, help_desk(url) as engine:
        yield engine


@pytest.fixture(scope="module")
def installed_postgresql(installed_postgresql_server: PostgresqlServer) -> Iterator[Engine]:
    with installed_postgresql_server.database() as url, help_desk(url) as engine:
        yield engine


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "installed_postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine


def storable(engine: Engine, text: str) -> str:
    """No text of PostgreSQL's holds a NUL."""
    return text if engine.dialect.name == "sqlite" else text.replace("\0", "\x01")


def exported(
    engine: Engine,
    columns: list[str],
    *,
    catalog: TicketCatalog = CATALOG,
    is_guarded: bool = True,
    delimiter: str = ",",
) -> bytes:
    """Header and rows."""
    source = SqlAlchemyTicketSource(engine, catalog)
    csv_format = CsvFormat(bom=False, formula_guard=is_guarded, delimiter=delimiter)
    query = TicketQuery.of({"columns": columns, "sortField": "id"}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, csv_format) as reader:
        return csv_format.container(query.columns).begin() + b"".join(block.data for block in reader.blocks())


def cells_of(data: bytes, delimiter: str = ",") -> list[list[str]]:
    """What is read of a file by its own delimiter."""
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))


def assert_guarded(engine: Engine, columns: list[str], originals: list[list[str]], delimiter: str) -> None:
    data = exported(engine, columns, delimiter=delimiter)
    assert [cell for cell in all_cells(data, delimiter) if is_formula(cell, delimiter)] == []
    _, *rows = cells_of(data, delimiter)
    assert rows == [[guard(cell, delimiter=delimiter) for cell in row] for row in originals]
    assert [[unguard(cell, delimiter=delimiter) for cell in row] for row in rows] == originals
    assert cells_of(exported(engine, columns, is_guarded=False, delimiter=delimiter), delimiter)[1:] == originals


@few
@given(
    tickets=st.lists(st.tuples(texts, texts, st.lists(texts, min_size=1, max_size=3), texts), min_size=1, max_size=2),
    delimiter=delimiters,
)
@example(tickets=[("\0=1", "\uff1d1", [" ", "=1"], "x;")], delimiter=",")
@example(tickets=[(" \u3000\u200b=1", "\n-1", ["=1", "x"], 'x;"'), ('"=1', "'=1", ["a;=1"], "\n")], delimiter=",")
@example(tickets=[("a,=1", "x,", ["a", "=1"], 'x,"'), ("", ",;\t=1", [""], "\n")], delimiter=";")
@example(tickets=[("a,=1", "x,", ["a", "=1"], 'x,"'), ("", ",;\t=1", [""], "\n")], delimiter="\t")
def test_no_cell_is_a_formula_and_each_is_read_back(
    engine: Engine, tickets: list[tuple[str, str, list[str], str]], delimiter: str
) -> None:
    stored = [
        ReferenceTicket(
            id=number,
            title=storable(engine, title),
            category=storable(engine, category),
            # A NUL in a tag is one that no database's JSON holds: such tags are shown as they stand.
            tags=tuple(tag.replace("\0", "\x01") for tag in tags),
            language=storable(engine, language),
        )
        for number, (title, category, tags, language) in enumerate(tickets, 1)
    ]
    store_tickets(engine, REFERENCE_TABLES, stored)
    originals = [
        [each.title, each.category or "", ", ".join(each.tags or ()), str(each.id), each.language or ""]
        for each in stored
    ]
    assert_guarded(engine, ["title", "category", "tags", "id", "language"], originals, delimiter)


@few
@given(first_name=texts, last_name=st.none() | texts, email=texts, delimiter=delimiters)
def test_names_and_addresses(
    engine: Engine, first_name: str, last_name: str | None, email: str, delimiter: str
) -> None:
    first_name, email = storable(engine, first_name), storable(engine, email)
    last_name = None if last_name is None else storable(engine, last_name)
    contacts = REFERENCE_TABLES.contacts
    with engine.begin() as connection:
        values = {"first_name": first_name, "last_name": last_name, "email": email}
        connection.execute(contacts.update().where(contacts.c.id == 1).values(**values))
    store_tickets(engine, REFERENCE_TABLES, [ReferenceTicket(id=1, contact=0)])
    name = f"{first_name} {last_name or ''}".strip(" ")
    assert_guarded(engine, ["contactName", "contactEmail", "id"], [[name, email, "1"]], delimiter)


@few
@given(label=texts, other=texts, delimiter=delimiters)
@example(label="ID", other="x", delimiter=",")
@example(label="ID", other="x", delimiter="\t")
def test_headers(engine: Engine, label: str, other: str, delimiter: str) -> None:
    catalog = TicketCatalog(
        tables=TICKETS,
        id=TICKETS.c.id,
        created_at=TICKETS.c.creation_time,
        columns=[text_column("title", label, TICKETS.c.title), number_column("id", other, TICKETS.c.id)],
    )
    store_tickets(engine, REFERENCE_TABLES, [])
    data = exported(engine, ["title", "id"], catalog=catalog, delimiter=delimiter)
    assert not data.startswith(b"ID")
    assert [cell for cell in all_cells(data, delimiter) if is_formula(cell, delimiter)] == []
    assert cells_of(data, delimiter) == [[guard(label, delimiter=delimiter), guard(other, delimiter=delimiter)]]
    plain = exported(engine, ["title", "id"], catalog=catalog, is_guarded=False, delimiter=delimiter)
    assert cells_of(plain, delimiter) == [[label, other]]


@few
@given(number=st.integers(-(2**31), 2**31 - 1), title=texts, delimiter=delimiters)
@example(number=-5, title="-5", delimiter=",")
@example(number=-5, title=";-5", delimiter=",")
@example(number=-5, title=",-5", delimiter=";")
@example(number=-5, title="", delimiter="\t")
def test_numbers_and_dates_are_untouched_next_to_texts(engine: Engine, number: int, title: str, delimiter: str) -> None:
    title = storable(engine, title)
    store_tickets(engine, REFERENCE_TABLES, [ReferenceTicket(id=number, contact=1, title=title, sla_due_at=NOW)])
    for columns in (["id", "title", "contactId", "slaDueAt"], ["slaDueAt", "title", "id", "contactId"]):
        _, row = cells_of(exported(engine, columns, delimiter=delimiter), delimiter)
        cells = dict(zip(columns, row, strict=True))
        guarded = guard(title, delimiter=delimiter)
        assert cells == {"id": str(number), "title": guarded, "contactId": "2", "slaDueAt": "2026-03-01 12:00:00"}


@pytest.mark.parametrize("text", ["00123", "1E5", "12345678901234567890", "2024-01-02"])
def test_text_that_looks_like_a_number_or_a_date_keeps_its_bytes(engine: Engine, text: str) -> None:
    store_tickets(engine, REFERENCE_TABLES, [ReferenceTicket(id=1, title=text, tags=(text,))])
    assert exported(engine, ["title", "tags"]).splitlines()[1:] == [f"{text},{text}".encode()]


@pytest.mark.parametrize("text", ["=1+1", "x;@SUM(1)", " =1", "\u3000\uff20x", "line\n-1"])
def test_formula_is_defused_in_every_text_column(engine: Engine, text: str) -> None:
    ticket = ReferenceTicket(
        id=1,
        title=text,
        description=text,
        status=text,
        priority=text,
        category=text,
        language=text,
        tags=(text, "x"),
        sla_status=text,
    )
    store_tickets(engine, REFERENCE_TABLES, [ticket])
    columns = ["title", "description", "status", "priority", "category", "language", "slaStatus"]
    assert cells_of(exported(engine, columns))[1:] == [[guard(text)] * len(columns)]
    assert cells_of(exported(engine, ["tags", "id"]))[1:] == [[guard(f"{text}, x"), "1"]]


def test_long_blocks_are_guarded_to_their_last_record(engine: Engine) -> None:
    tickets = [
        ReferenceTicket(
            id=number, title="=1" if number % 3 else "plain", category=f"'{number};=1", description="x" * 99
        )
        for number in range(-1500, 1500)
    ]
    store_tickets(engine, REFERENCE_TABLES, tickets)
    _, *rows = cells_of(exported(engine, ["title", "id", "category", "description"]))
    assert rows == [[guard(ticket.title), str(ticket.id), guard(ticket.category or ""), "x" * 99] for ticket in tickets]


def test_collation_that_takes_different_texts_for_equal_changes_no_cell(installed_postgresql: Engine) -> None:
    # It ignores what is not seen, so that U+200B is equal to the empty text.
    with installed_postgresql.begin() as connection:
        options = "provider = icu, locale = 'und-u-ks-level1-ka-shifted', deterministic = false"
        connection.execute(sql(f"CREATE COLLATION ignoring ({options})"))
        connection.execute(sql('ALTER TABLE "Tickets" ALTER "Category" TYPE text COLLATE ignoring'))
        assert connection.execute(sql("SELECT '\u200b' = '' COLLATE ignoring")).scalar_one()
    originals = ["\u200b", "", " ", "\u200b=1", "-", "x;=1"]
    tickets = [ReferenceTicket(id=number, category=text) for number, text in enumerate(originals)]
    store_tickets(installed_postgresql, REFERENCE_TABLES, tickets)
    _, *rows = cells_of(exported(installed_postgresql, ["id", "category"]))
    assert [cell for _, cell in rows] == [guard(text) for text in originals]
