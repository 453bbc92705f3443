"""The formula guard as it reaches the file through SQLite, against its definition said once more."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.reference_help_desk import NOW, ReferenceTicket, store_people, store_tickets
from ticket_export import CsvFormat
from ticket_export.application.ticket_query import TicketQuery
from ticket_export.infrastructure.persistence.engine import create_engine
from ticket_export.infrastructure.persistence.migrate import upgrade
from ticket_export.infrastructure.persistence.tables import REFERENCE_TABLES
from ticket_export.infrastructure.tickets.catalog import TicketCatalog, number_column, text_column
from ticket_export.infrastructure.tickets.reference_catalog import reference_catalog
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

TICKETS = REFERENCE_TABLES.tickets
# White space and marks without width, then what may start a formula, ASCII or full-width.
_FORMULA = re.compile(
    "[\n\x0b\x0c\x1c-\x1f \x85\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f"
    "\u3000\ufeff]*[=+\\-@\t\r\x00\uff1d\uff0b\uff0d\uff20]"
)
_PIECES = st.sampled_from(
    [
        *"=+-@\t\r\n\x00 '\",;|aA0\uff1d\uff0b\uff0d\uff20\u3000\xa0\ufeff\u200b\u202e\u2065\u0600é",
        "=cmd|' /C calc'!A0",
        "\U0001f600",
    ]
)
texts = st.lists(_PIECES, max_size=5).map("".join) | st.text(max_size=8)


def guarded(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('guard')}/desk.db")
    upgrade(engine, reference_schema=True)
    store_people(engine, REFERENCE_TABLES)
    yield engine
    engine.dispose()


def exported(engine: Engine, catalog: TicketCatalog, view: dict[str, Any], *, formula_guard: bool) -> list[list[str]]:
    """Header and rows."""
    source, csv_format = SqlAlchemyTicketSource(engine, catalog), CsvFormat(bom=False, formula_guard=formula_guard)
    query = TicketQuery.of(view, source.columns, as_of=NOW)
    with source.open(query, csv_format) as reader:
        data = csv_format.header(query.columns) + b"".join(block.data for block in reader.blocks())
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def cells(engine: Engine, columns: list[str], *, formula_guard: bool) -> list[str]:
    view = {"columns": columns}
    _, row = exported(engine, reference_catalog(REFERENCE_TABLES), view, formula_guard=formula_guard)
    return row


# A NUL in a tag is one that no database's JSON holds: such tags are shown as they stand.
tag_texts = texts.map(lambda text: text.replace("\0", ""))


@given(title=texts, category=texts, tags=st.lists(tag_texts, max_size=3))
@example(title="\x00=1", category="\uff1d1", tags=[" ", "=1"])
@example(title=" \u3000\u200b=1", category="\n-1", tags=["=1", "x"])
@example(title="'=1", category="", tags=[])
def test_text_cells_and_joined_tags(engine: Engine, title: str, category: str, tags: list[str]) -> None:
    store_tickets(engine, REFERENCE_TABLES, [ReferenceTicket(id=1, title=title, category=category, tags=tuple(tags))])
    columns = ["title", "category", "tags", "id"]
    originals = [title, category, ", ".join(tags)]
    assert cells(engine, columns, formula_guard=True) == [*map(guarded, originals), "1"]
    assert cells(engine, columns, formula_guard=False) == [*originals, "1"]


@given(first_name=texts, last_name=st.none() | texts, email=texts)
def test_names_and_addresses(engine: Engine, first_name: str, last_name: str | None, email: str) -> None:
    contacts = REFERENCE_TABLES.contacts
    with engine.begin() as connection:
        values = {"first_name": first_name, "last_name": last_name, "email": email}
        connection.execute(contacts.update().where(contacts.c.id == 1).values(**values))
    store_tickets(engine, REFERENCE_TABLES, [ReferenceTicket(id=1, contact=0)])
    originals = [f"{first_name} {last_name or ''}".strip(" "), email]
    columns = ["contactName", "contactEmail", "id"]
    assert cells(engine, columns, formula_guard=True) == [*map(guarded, originals), "1"]
    assert cells(engine, columns, formula_guard=False) == [*originals, "1"]


@given(label=texts, other=texts)
def test_headers(engine: Engine, label: str, other: str) -> None:
    catalog = TicketCatalog(
        tables=TICKETS,
        id=TICKETS.c.id,
        created_at=TICKETS.c.creation_time,
        columns=[text_column("title", label, TICKETS.c.title), number_column("id", other, TICKETS.c.id)],
    )
    view = {"columns": ["title", "id"]}
    assert exported(engine, catalog, view, formula_guard=True)[0] == [guarded(label), guarded(other)]
    assert exported(engine, catalog, view, formula_guard=False)[0] == [label, other]


@given(number=st.integers(-(2**63), 2**63 - 1))
@example(number=-5)
def test_numbers_and_dates_are_untouched(engine: Engine, number: int) -> None:
    store_tickets(engine, REFERENCE_TABLES, [ReferenceTicket(id=number, contact=1, sla_due_at=NOW)])
    columns = ["id", "contactId", "slaDueAt", "creationTime"]
    for formula_guard in (True, False):
        row = cells(engine, columns, formula_guard=formula_guard)
        assert row == [str(number), "2", "2026-03-01 12:00:00", "2026-03-01 12:00:00"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t1", "\r1", "\x001", "\uff1d1", " =1", "\u3000\uff20x"])
def test_formula_is_defused_in_every_text_column(engine: Engine, text: str) -> None:
    store_tickets(
        engine,
        REFERENCE_TABLES,
        [
            ReferenceTicket(
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
        ],
    )
    columns = ["title", "description", "status", "priority", "category", "language", "slaStatus"]
    assert cells(engine, columns, formula_guard=True) == [f"'{text}"] * len(columns)
    tags = '["\\u00001", "x"]' if "\0" in text else f"'{text}, x"
    assert cells(engine, ["tags", "id"], formula_guard=True) == [tags, "1"]
