"""The view that a help desk opens with, and its filters: each alone, with what few tickets have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.sample_data.people import TEAMS, sample_id
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.testing.entities import AN_ACTOR

CATALOG: Final = reference_catalog(REFERENCE_TABLES)
CREATED: Final = "IX_Tickets_CreationTime_Id"
_COLUMNS: Final = (
    *("id", "title", "status", "priority", "category", "contactName", "contactEmail", "assigneeName", "teamName"),
    *("tags", "creationTime", "lastModificationTime"),
)

#: Field, operator and value.
Filter: TypeAlias = tuple[str, str, str | None]

#: Filters, each with the index that answers it.
FILTERS: Final[Mapping[str, tuple[Filter, str]]] = {
    "status": (("status", "eq", "new"), "IX_Tickets_Status"),
    "priority": (("priority", "eq", "urgent"), "IX_Tickets_Priority"),
    "assignee": (("assigneeId", "eq", str(sample_id("agent02@example.test"))), "IX_Tickets_AssigneeId"),
    "no assignee": (("assigneeId", "is_empty", None), "IX_Tickets_AssigneeId"),
    "team": (("owningTeamId", "eq", str(sample_id(TEAMS[0]))), "IX_Tickets_OwningTeamId"),
    "team by name": (("teamName", "eq", TEAMS[0]), "IX_Tickets_OwningTeamId"),
    "contact": (("contactId", "eq", "17"), "IX_Tickets_ContactId"),
    "contact by e-mail": (("contactEmail", "eq", "customer017@customers.example"), "IX_Tickets_ContactId"),
    "ticket ID": (("id", "eq", "4711"), "PK_Tickets"),
    "created": (("creationTime", "is_within_past_days", "7"), CREATED),
    "last updated": (("lastModificationTime", "is_within_past_days", "1"), "IX_Tickets_LastModificationTime"),
    "SLA due": (("slaDueAt", "is_within_next_days", "1"), "IX_Tickets_SlaDueAt"),
    "resolved": (("resolvedAt", "is_within_past_days", "1"), "IX_Tickets_ResolvedAt"),
    "closed": (("closedAt", "is_within_past_days", "1"), "IX_Tickets_ClosedAt"),
}


def default_view(now: datetime, *filters: Filter) -> TicketQuery:
    """All tickets there are, the latest first, or what the filters leave of them."""
    view = {
        "columns": list(_COLUMNS),
        "filters": [{"field": field, "operator": operator, "value": value} for field, operator, value in filters],
        "sortField": "creationTime",
        "sortDirection": "desc",
    }
    return TicketQuery.of(view, CATALOG.describe(), actor=AN_ACTOR, as_of=now + timedelta(seconds=1))
