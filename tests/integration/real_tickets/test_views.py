"""Filtered, searched and sorted, the real tickets equal a plain Python evaluation, in rows and in order."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.real_tickets.plain_evaluation import DATES, IDS, evaluate
from tests.integration.real_tickets.support_tickets import SupportTickets, cell, read_back
from ticket_export import CsvFormat, TicketExportContainer
from ticket_export.application.view.filter_operators import OPERATORS
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.catalog import ColumnKind
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.ports import TicketColumn
from ticket_export.testing.entities import AN_ACTOR

# After the last of the tickets, so that "past days" and "next days" both find some.
NOW = datetime(2023, 6, 1, 12, tzinfo=UTC)
COLUMNS = list(reference_catalog(REFERENCE_TABLES).describe())
SORTABLE = [column.name for column in COLUMNS if column.sortable]

VALUES = {
    "id": ("4000", "1,17,8469"),
    "contactId": ("4000", "1,17,8469"),
    "title": ("Software bug", "software BUG, Data loss"),
    "description": ("please assist.", "a, b"),
    "status": ("pending", "open, closed"),
    "priority": ("urgent", "low,urgent"),
    "category": ("technical issue", "Refund request,Billing inquiry"),
    "language": ("case", "x, y"),
    "contactName": ("Jessica Rios", "Jessica Rios,Marisa Obrien"),
    "contactEmail": ("carrollallison@example.com", "a@b.c,clarkeashley@example.com"),
    "assigneeName": ("female", "male,other"),
    "teamName": ("Social media", "email,phone"),
    "createdByName": ("nobody", "x,y"),
    "tags": ("GoPro Hero, Technical issue", "x,y"),
    "slaStatus": ("3.0", "1.0,5.0"),
}


def exported(container: TicketExportContainer, view: dict[str, Any]) -> list[list[str]]:
    source = container.ticket_source()
    with source.open(TicketQuery.of(view, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW), CsvFormat()) as reader:
        count = reader.count()
        blocks = list(reader.blocks())
    assert count == sum(block.rows for block in blocks)
    return read_back(csv.reader(io.StringIO(b"".join(block.data for block in blocks).decode(), newline="")))


def expected(tickets: SupportTickets, view: dict[str, Any]) -> list[list[str]]:
    return [[cell(value) for value in row] for row in evaluate(tickets.plain, view, NOW)]


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("field", SORTABLE)
def test_sorted_both_ways_by_every_sortable_column(
    container: TicketExportContainer, tickets: SupportTickets, field: str, direction: str
) -> None:
    view = {
        "columns": list({"id": 0, "contactName": 0, field: 0}),
        "filters": [{"field": "status", "operator": "neq", "value": "closed"}],
        "searchTerm": "an",
        "sortField": field,
        "sortDirection": direction,
    }
    rows = exported(container, view)
    assert rows == expected(tickets, view)
    assert len(rows) > 100


def _operators() -> list[tuple[TicketColumn, str]]:
    return [(column, operator.value) for column in COLUMNS if column.filterable for operator in OPERATORS[column.kind]]


def _value(column: TicketColumn, operator: str, tickets: SupportTickets) -> str:
    if operator.endswith("_days"):
        return "300"
    if column.name in DATES:
        return "2021-03-22" if column.name == "creationTime" else "2023-06-01"
    if column.kind is ColumnKind.ID and column.name not in IDS:
        ids = [str(ticket[column.name]) for ticket in tickets.plain if ticket[column.name]][:2]
        return ",".join(ids) if operator.endswith("_of") else ids[0]
    return VALUES[column.name][operator.endswith("_of")]


@pytest.mark.parametrize(("column", "operator"), _operators(), ids=lambda each: getattr(each, "name", each))
def test_filtered_by_every_operator_of_every_column(
    container: TicketExportContainer, tickets: SupportTickets, column: TicketColumn, operator: str
) -> None:
    made = {"field": column.name, "operator": operator}
    if "empty" not in operator:
        made["value"] = _value(column, operator, tickets)
    view = {"columns": ["id", column.name] if column.name != "id" else ["id"], "filters": [made]}
    assert exported(container, view) == expected(tickets, view)


@pytest.mark.parametrize("term", ["DATA", "50%", "_", "%", "'", '"', "\n\nI", "@example.org", "8469", "zzz no such"])
def test_searched(container: TicketExportContainer, tickets: SupportTickets, term: str) -> None:
    view = {"columns": ["id", "description", "contactEmail"], "searchTerm": term, "sortField": "creationTime"}
    assert exported(container, view) == expected(tickets, view)


def test_scoped_to_a_team_and_an_assignee(container: TicketExportContainer, tickets: SupportTickets) -> None:
    ticket = next(ticket for ticket in tickets.plain if ticket["assigneeId"])
    scope = {"teamId": str(ticket["owningTeamId"]), "assignedToUserId": str(ticket["assigneeId"])}
    view = {"columns": ["id", "teamName", "assigneeName"], "scope": scope, "sortDirection": "desc"}
    rows = exported(container, view)
    assert rows == expected(tickets, view)
    assert len(rows) > 100
