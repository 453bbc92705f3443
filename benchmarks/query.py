"""The one view that everything exports: 12 columns, three joins, sorted by creation time."""

from __future__ import annotations

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

SQL = """
SELECT t."Id", t."Title", t."Description", t."Status", t."Priority", t."Category",
       c."FirstName" || ' ' || coalesce(c."LastName", '') AS "Contact", c."Email",
       a."FirstName" || ' ' || coalesce(a."LastName", '') AS "Assignee", m."Name",
       substr(t."CreationTime", 1, 19) AS "Created", substr(t."LastModificationTime", 1, 19) AS "Last Updated"
FROM "Tickets" t
LEFT JOIN "Contacts" c ON c."Id" = t."ContactId"
LEFT JOIN "Users" a ON a."Id" = t."AssigneeId"
LEFT JOIN "Teams" m ON m."Id" = t."OwningTeamId"
WHERE NOT t."IsDeleted"
ORDER BY t."CreationTime" DESC, t."Id" DESC
""".strip()
