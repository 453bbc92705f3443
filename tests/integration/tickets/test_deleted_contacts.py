"""Contacts that are soft-deleted are named nowhere; status and priority can be searched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.postgresql_server import PostgresqlServer
from tests.reference_help_desk import CONTACTS, NOW, ReferenceTicket, store_people, store_tickets
from ticket_export import CsvFormat, upgrade
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

DELETED = next(place for place, contact in enumerate(CONTACTS) if contact.is_deleted)
KNOWN = 0
TICKETS = [
    ReferenceTicket(id=1, contact=KNOWN, status="in_progress", priority="urgent"),
    ReferenceTicket(id=2, contact=DELETED, title="Gone is in the title"),
    ReferenceTicket(id=3, status="new", priority="low"),
]
CONTACT = ["id", "contactId", "contactName", "contactEmail"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def source(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgresql_server: PostgresqlServer
) -> Iterator[SqlAlchemyTicketSource]:
    if request.param == "postgresql":
        with postgresql_server.database() as url:
            yield from _filled(url)
    else:
        yield from _filled(f"sqlite:///{tmp_path_factory.mktemp('contacts')}/desk.db")


def _filled(url: str) -> Iterator[SqlAlchemyTicketSource]:
    engine = create_engine(url)
    upgrade(engine, reference_schema=True)
    store_people(engine, REFERENCE_TABLES)
    store_tickets(engine, REFERENCE_TABLES, TICKETS)
    yield SqlAlchemyTicketSource(engine, reference_catalog(REFERENCE_TABLES))
    engine.dispose()


def rows(source: SqlAlchemyTicketSource, view: dict[str, Any]) -> list[str]:
    query = TicketQuery.of(view, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, CsvFormat()) as reader:
        lines = b"".join(block.data for block in reader.blocks()).decode().splitlines()
        assert reader.count() == len(lines)
    return lines


def test_name_and_email_of_a_deleted_contact_are_empty_and_its_tickets_are_there(
    source: SqlAlchemyTicketSource,
) -> None:
    assert rows(source, {"columns": CONTACT}) == ["1,1,Zoë O'Hara,zoe@example.test", "2,4,,", "3,,,"]


@pytest.mark.parametrize(
    ("filtered", "found"),
    [
        (("contactName", "contains", "gone"), []),
        (("contactName", "neq", "Gone Away"), ["1", "2", "3"]),
        (("contactName", "is_empty", None), ["2", "3"]),
        (("contactEmail", "eq", "gone@example.test"), []),
        (("contactEmail", "is_not_empty", None), ["1"]),
        (("contactId", "eq", "4"), ["2"]),
    ],
)
def test_filters_see_a_deleted_contact_as_nobody(
    source: SqlAlchemyTicketSource, filtered: tuple[str, str, str | None], found: list[str]
) -> None:
    each = dict(zip(("field", "operator", "value"), filtered, strict=True))
    assert rows(source, {"columns": ["id"], "filters": [each]}) == found


def test_search_finds_no_deleted_contact(source: SqlAlchemyTicketSource) -> None:
    assert rows(source, {"columns": CONTACT, "searchTerm": "gone"}) == []
    assert rows(source, {"columns": ["id", "title"], "searchTerm": "gone"}) == ["2,Gone is in the title"]


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_tickets_of_a_deleted_contact_sort_with_those_of_nobody(source: SqlAlchemyTicketSource, direction: str) -> None:
    view = {"columns": ["id"], "sortField": "contactName", "sortDirection": direction}
    assert rows(source, view)[0] == "1"


@pytest.mark.parametrize(
    ("columns", "term", "found"),
    [
        (["status"], "progress", ["in_progress"]),
        (["status"], "IN_PRO", ["in_progress"]),
        (["status"], "urgent", []),
        (["priority"], "urg", ["urgent"]),
        (["status", "priority"], "low", ["new,low"]),
        (["status", "priority"], "n", ["in_progress,urgent", "open,normal", "new,low"]),
        (["priority", "title"], "gone", ["normal,Gone is in the title"]),
    ],
)
def test_status_and_priority_are_searched_where_they_are_chosen(
    source: SqlAlchemyTicketSource, columns: list[str], term: str, found: list[str]
) -> None:
    assert rows(source, {"columns": columns, "searchTerm": term}) == found


def test_reference_catalog_says_what_can_be_searched(source: SqlAlchemyTicketSource) -> None:
    searchable = [column.name for column in source.columns(AN_ACTOR) if column.searchable]
    assert searchable == [
        *("id", "title", "description", "status", "priority", "category", "contactName", "contactEmail"),
        *("assigneeName", "teamName", "createdByName", "tags"),
    ]
