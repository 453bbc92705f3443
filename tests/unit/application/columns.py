"""One column of every kind, for the tests of views and queries."""

from __future__ import annotations

from datetime import UTC, datetime

from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole, TicketColumn, TicketColumns

AS_OF = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

ID = TicketColumn(name="id", label="Ticket ID", kind=ColumnKind.ID, id_type=IdType.INTEGER)
TITLE = TicketColumn(name="title", label="Title", kind=ColumnKind.TEXT, searchable=True)
TAGS = TicketColumn(name="tags", label="Tags", kind=ColumnKind.TEXT, searchable=True, filterable=False, sortable=False)
SCORE = TicketColumn(name="score", label="Score", kind=ColumnKind.NUMBER)
URGENT = TicketColumn(name="isUrgent", label="Urgent", kind=ColumnKind.BOOLEAN)
STATUS = TicketColumn(
    name="status", label="Status", kind=ColumnKind.CHOICE, choices=("New", "In Progress", "Closed, done")
)
CATEGORY = TicketColumn(name="category", label="Category", kind=ColumnKind.CHOICE)
CREATED = TicketColumn(name="creationTime", label="Created", kind=ColumnKind.DATE)
DUE_DAY = TicketColumn(name="dueDay", label="Due Day", kind=ColumnKind.DAY)
TEAM = TicketColumn(
    name="owningTeamId", label="Team ID", kind=ColumnKind.ID, id_type=IdType.UUID, scope_role=ScopeRole.TEAM
)
ASSIGNEE = TicketColumn(
    name="assigneeId", label="Assignee ID", kind=ColumnKind.ID, id_type=IdType.UUID, scope_role=ScopeRole.ASSIGNEE
)
EXTERNAL = TicketColumn(name="externalId", label="External ID", kind=ColumnKind.ID)

COLUMNS = TicketColumns(
    [ID, TITLE, TAGS, SCORE, URGENT, STATUS, CATEGORY, CREATED, DUE_DAY, TEAM, ASSIGNEE, EXTERNAL],
)
