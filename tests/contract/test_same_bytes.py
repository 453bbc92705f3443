"""The same tickets give the same bytes from every ticket source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.postgresql_server import PostgresqlServer
from tests.reference_help_desk import NOW, ReferenceTicket, store_people, store_tickets
from tests.strategies import help_desks, views
from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.formats.ndjson_format import NdjsonFormat
from ticket_export.application.formats.xlsx_format import XlsxFormat
from ticket_export.application.ports.file_format import FileFormat
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicketSource
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

FORMATS = (
    CsvFormat(),
    CsvFormat(formula_guard=False),
    CsvFormat(delimiter=";"),
    CsvFormat(delimiter="\t"),
    CsvFormat(delimiter="\t", formula_guard=False),
    NdjsonFormat(),
    XlsxFormat(),
)
COLUMNS = reference_catalog(REFERENCE_TABLES).describe()


class StoredHelpDesk:
    """The reference schema with its people, on some database."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        upgrade(self.engine, reference_schema=True)
        store_people(self.engine, REFERENCE_TABLES)

    @property
    def holds_nul(self) -> bool:
        """Whether a text may hold a NUL; PostgreSQL's may not."""
        return self.engine.dialect.name == "sqlite"

    def source(self, tickets: list[ReferenceTicket]) -> TicketSource:
        store_tickets(self.engine, REFERENCE_TABLES, tickets)
        return SqlAlchemyTicketSource(self.engine, reference_catalog(REFERENCE_TABLES))


@pytest.fixture(scope="module")
def sqlite_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredHelpDesk]:
    desk = StoredHelpDesk(f"sqlite:///{tmp_path_factory.mktemp('source')}/desk.db")
    yield desk
    desk.engine.dispose()


@pytest.fixture(scope="module")
def postgresql_desk(postgresql_server: PostgresqlServer) -> Iterator[StoredHelpDesk]:
    with stored_on(postgresql_server) as desk:
        yield desk


@pytest.fixture(scope="module")
def installed_postgresql_desk(installed_postgresql_server: PostgresqlServer) -> Iterator[StoredHelpDesk]:
    with stored_on(installed_postgresql_server) as desk:
        yield desk


@contextmanager
def stored_on(server: PostgresqlServer) -> Iterator[StoredHelpDesk]:
    # Its texts sort by code point, like Python's; with another collation they would come in another order.
    with server.database() as url:
        desk = StoredHelpDesk(url)
        yield desk
        desk.engine.dispose()


@pytest.fixture(scope="module", params=["sqlite_desk", "postgresql_desk", "installed_postgresql_desk"])
def help_desk(request: pytest.FixtureRequest) -> StoredHelpDesk:
    desk: StoredHelpDesk = request.getfixturevalue(request.param)
    return desk


def read(source: TicketSource, view: dict[str, Any], file_format: FileFormat) -> tuple[int, int, bytes]:
    with source.open(TicketQuery.of(view, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW), file_format) as reader:
        count = reader.count()
        blocks = list(reader.blocks())
    return count, sum(block.rows for block in blocks), b"".join(block.data for block in blocks)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(tickets=help_desks(), view=views(list(COLUMNS)), file_format=st.sampled_from(FORMATS))
def test_every_source_gives_the_bytes_of_the_in_memory_one(
    help_desk: StoredHelpDesk, tickets: list[ReferenceTicket], view: dict[str, Any], file_format: FileFormat
) -> None:
    if not help_desk.holds_nul:
        tickets = [ticket.without_nul() for ticket in tickets]
    plain = InMemoryTicketSource(COLUMNS, [ticket.in_memory() for ticket in tickets])
    assert read(help_desk.source(tickets), view, file_format) == read(plain, view, file_format)


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("field", [column.name for column in COLUMNS if column.sortable])
def test_what_is_empty_sorts_last_in_every_source(help_desk: StoredHelpDesk, field: str, direction: str) -> None:
    full = ReferenceTicket(
        id=2,
        description="d",
        category="c",
        language="l",
        contact=0,
        assignee=0,
        team=0,
        creator=0,
        tags=("t",),
        sla_status="s",
        sla_due_at=NOW,
        last_modification_time=NOW,
        resolved_at=NOW,
        closed_at=NOW,
    )
    tickets = [ReferenceTicket(id=1), full, ReferenceTicket(id=3)]
    view = {"columns": ["id", field] if field != "id" else ["id"], "sortField": field, "sortDirection": direction}
    found = read(help_desk.source(tickets), view, CsvFormat())
    assert found == read(InMemoryTicketSource(COLUMNS, [ticket.in_memory() for ticket in tickets]), view, CsvFormat())
    always_there = {"id", "title", "status", "priority", "creationTime"}
    if field not in always_there:
        assert found[2].startswith(b"2,"), "an empty cell came before a filled one"
