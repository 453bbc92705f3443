"""The view that all contenders export: 12 columns, three joins, sorted by creation time, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

COLUMNS = (
    "id",
    "title",
    "description",
    "status",
    "priority",
    "category",
    "contactName",
    "contactEmail",
    "assigneeName",
    "teamName",
    "creationTime",
    "lastModificationTime",
)

#: The tags of a ticket as one text, as most developers would write it, with the check that they are texts.
TAGS_BY_AGGREGATE = """
(CASE jsonb_typeof("TagsJson") WHEN 'null' THEN NULL WHEN 'array' THEN
CASE WHEN jsonb_path_exists("TagsJson", 'strict $[*] ? (@.type() != "string")') THEN "TagsJson"::text
ELSE (SELECT coalesce(string_agg(tag, ', ' ORDER BY place), '')
FROM jsonb_array_elements_text("TagsJson") WITH ORDINALITY each(tag, place)) END ELSE "TagsJson"::text END)
""".strip()

_JOINED = """
FROM "Tickets" t
LEFT JOIN "Contacts" c ON c."Id" = t."ContactId" AND NOT c."IsDeleted"
LEFT JOIN "Users" a ON a."Id" = t."AssigneeId"
LEFT JOIN "Teams" m ON m."Id" = t."OwningTeamId"
""".strip()

_SQLITE = f"""
SELECT t."Id", t."Title", t."Description", t."Status", t."Priority", t."Category",
       c."FirstName" || ' ' || coalesce(c."LastName", '') AS "Contact", c."Email",
       a."FirstName" || ' ' || coalesce(a."LastName", '') AS "Assignee", m."Name",
       substr(t."CreationTime", 1, 19) AS "Created", substr(t."LastModificationTime", 1, 19) AS "Last Updated"
{_JOINED}
WHERE NOT t."IsDeleted"
ORDER BY t."CreationTime" DESC, t."Id" DESC
""".strip()

_POSTGRESQL = f"""
SELECT t."Id" AS "Ticket ID", t."Title" AS "Title", t."Description" AS "Description", t."Status" AS "Status",
       t."Priority" AS "Priority", t."Category" AS "Category",
       trim(c."FirstName" || ' ' || coalesce(c."LastName", '')) AS "Contact", c."Email" AS "Contact Email",
       trim(a."FirstName" || ' ' || a."LastName") AS "Assignee", m."Name" AS "Team",
       date_trunc('second', t."CreationTime") AS "Created",
       date_trunc('second', t."LastModificationTime") AS "Last Updated"
{_JOINED}
WHERE NOT t."IsDeleted" AND t."CreationTime" <= timezone('UTC', now())
ORDER BY t."CreationTime" DESC, t."Id" DESC
""".strip()


def select_of(url: str, teams: Sequence[UUID] = ()) -> str:
    """The SELECT that a developer would write for that database: no guard, no job, no check.

    With `teams`, it shows only their tickets, as a row rule does.
    """
    select = _SQLITE if url.startswith("sqlite") else _POSTGRESQL
    if not teams:
        return select
    where, order, by = select.rpartition("ORDER BY")
    listed = ", ".join(f"'{team}'" for team in teams)
    return f'{where.rstrip()} AND t."OwningTeamId" IN ({listed})\n{order}{by}'
