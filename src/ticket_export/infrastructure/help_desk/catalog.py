"""The ticket catalog of the reference schema."""

from __future__ import annotations

from sqlalchemy import FromClause, Text, func

from ticket_export.application.view.ticket_column import ScopeRole
from ticket_export.application.view.visibility import EVERY_ROW
from ticket_export.infrastructure.help_desk.tables import HelpDeskTables
from ticket_export.infrastructure.tickets.catalog import (
    Expression,
    TicketCatalog,
    choice_column,
    date_column,
    id_column,
    number_column,
    text_column,
)
from ticket_export.infrastructure.tickets.sql_functions import JoinedTags

#: In workflow order.
STATUSES = ("new", "open", "in_progress", "pending", "resolved", "closed")
#: From least to most urgent.
PRIORITIES = ("low", "normal", "high", "urgent")


def reference_catalog(tables: HelpDeskTables) -> TicketCatalog:
    """The catalog over these tables."""
    tickets = tables.tickets.c
    contacts = tables.contacts.c
    teams = tables.teams.c
    assignees = tables.users.alias("assignees")
    creators = tables.users.alias("creators")
    # The join leaves out deleted contacts, so no expression, filter or search can show them.
    named = (contacts.id == tickets.contact_id) & contacts.is_deleted.is_(False)
    return TicketCatalog(
        tables=tables.tickets.outerjoin(tables.contacts, named)
        .outerjoin(assignees, assignees.c.id == tickets.assignee_id)
        .outerjoin(tables.teams, teams.id == tickets.owning_team_id)
        .outerjoin(creators, creators.c.id == tickets.created_by_staff_id),
        id=tickets.id,
        created_at=tickets.creation_time,
        is_deleted=tickets.is_deleted,
        deleted_at=tickets.deletion_time,
        visible_to=EVERY_ROW,
        columns=(
            number_column("id", "Ticket ID", tickets.id, searchable=True),
            text_column("title", "Title", tickets.title, searchable=True),
            text_column("description", "Description", tickets.description, searchable=True),
            choice_column("status", "Status", tickets.status, choices=STATUSES, searchable=True),
            choice_column("priority", "Priority", tickets.priority, choices=PRIORITIES, searchable=True),
            text_column("category", "Category", tickets.category, searchable=True),
            text_column("language", "Language", tickets.language),
            id_column("contactId", "Contact ID", tickets.contact_id),
            text_column("contactName", "Contact", _full_name(tables.contacts), searchable=True),
            text_column("contactEmail", "Contact Email", contacts.email, searchable=True),
            text_column("assigneeName", "Assignee", _full_name(assignees), searchable=True),
            id_column("assigneeId", "Assignee ID", tickets.assignee_id, scope_role=ScopeRole.ASSIGNEE),
            text_column("teamName", "Team", teams.name, searchable=True),
            id_column("owningTeamId", "Team ID", tickets.owning_team_id, scope_role=ScopeRole.TEAM),
            text_column("createdByName", "Created By", _full_name(creators), searchable=True),
            text_column("tags", "Tags", JoinedTags(tickets.tags_json), searchable=True),
            text_column("slaStatus", "SLA Status", tickets.sla_status),
            date_column("slaDueAt", "SLA Due", tickets.sla_due_at),
            date_column("creationTime", "Created", tickets.creation_time),
            date_column("lastModificationTime", "Last Updated", tickets.last_modification_time),
            date_column("resolvedAt", "Resolved", tickets.resolved_at),
            date_column("closedAt", "Closed", tickets.closed_at),
        ),
    )


def _full_name(people: FromClause) -> Expression:
    first, last = people.c.first_name, people.c.last_name
    name = func.coalesce(first, "").op("||")(" ").op("||")(func.coalesce(last, ""))
    # NULL, not a blank, if there is no person: empty cells sort last.
    return func.nullif(func.trim(name), "", type_=Text())
