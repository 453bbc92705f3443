"""The tables of the reference schema: those of an export, and those that only the help desk itself needs."""

from __future__ import annotations

import attrs
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    false,
)

from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES, HostTableNames
from ticket_export.infrastructure.persistence.tables import Tables, build_tables
from ticket_export.infrastructure.persistence.types import JsonText, UtcDateTime

# SQLite numbers rows by itself only in a column that is an INTEGER PRIMARY KEY.
_RowNumber = BigInteger().with_variant(Integer(), "sqlite")

# What views filter by and an index can find. Text is compared in lower case, which none of these could.
_FILTERED = (
    *("status", "priority", "owning_team_id", "assignee_id", "created_by_staff_id", "contact_id"),
    *("last_modification_time", "sla_due_at", "resolved_at", "closed_at"),
)


def roles_table(metadata: MetaData) -> Table:
    """``Roles``: what a group of users may do, as a sum of permission flags."""
    return Table(
        "Roles",
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column("Label", Text, key="label", nullable=False),
        Column("DeveloperName", Text, key="developer_name", nullable=False),
        Column("SystemPermissions", Integer, key="system_permissions", nullable=False),
    )


def role_user_table(metadata: MetaData, *, roles: Table, users: Table) -> Table:
    """``RoleUser``: who has which role."""
    table = Table(
        "RoleUser",
        metadata,
        Column("RolesId", Uuid, ForeignKey(roles.c.id, ondelete="CASCADE"), key="roles_id", primary_key=True),
        Column("UsersId", Uuid, ForeignKey(users.c.id, ondelete="CASCADE"), key="users_id", primary_key=True),
    )
    Index(None, table.c.users_id)
    return table


def teams_table(metadata: MetaData) -> Table:
    """``Teams``: who tickets belong to."""
    return Table(
        "Teams",
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column("Name", Text, key="name", nullable=False),
    )


def contacts_table(metadata: MetaData) -> Table:
    """``Contacts``: the people who ask for help. One that is soft-deleted stays, and is not named any more."""
    return Table(
        "Contacts",
        metadata,
        Column("Id", _RowNumber, key="id", primary_key=True),
        Column("FirstName", Text, key="first_name", nullable=False),
        Column("LastName", Text, key="last_name"),
        Column("Email", Text, key="email"),
        Column("OrganizationAccount", Text, key="organization_account"),
        Column("IsDeleted", Boolean, key="is_deleted", nullable=False, server_default=false()),
    )


def tickets_table(metadata: MetaData, *, teams: Table, users: Table, contacts: Table) -> Table:
    """``Tickets``: what is exported. ``TagsJson`` is a JSON array of texts.

    There is an index for the default sort and for each filter of the default view, but none on
    ``IsDeleted``: nearly every row has the same value, and SQLite, which keeps no statistics unless
    asked to, would prefer it to the index that gives the sort.
    """
    table = Table(
        "Tickets",
        metadata,
        Column("Id", _RowNumber, key="id", primary_key=True),
        Column("Title", Text, key="title", nullable=False),
        Column("Description", Text, key="description"),
        Column("Status", String(50), key="status", nullable=False),
        Column("Priority", String(50), key="priority", nullable=False),
        Column("Category", Text, key="category"),
        Column("Language", Text, key="language"),
        Column("OwningTeamId", Uuid, ForeignKey(teams.c.id, ondelete="SET NULL"), key="owning_team_id"),
        Column("AssigneeId", Uuid, ForeignKey(users.c.id, ondelete="SET NULL"), key="assignee_id"),
        Column("CreatedByStaffId", Uuid, ForeignKey(users.c.id, ondelete="SET NULL"), key="created_by_staff_id"),
        Column("ContactId", _RowNumber, ForeignKey(contacts.c.id, ondelete="SET NULL"), key="contact_id"),
        Column("TagsJson", JsonText, key="tags_json"),
        Column("ResolvedAt", UtcDateTime, key="resolved_at"),
        Column("ClosedAt", UtcDateTime, key="closed_at"),
        Column("SlaDueAt", UtcDateTime, key="sla_due_at"),
        Column("SlaStatus", String(50), key="sla_status"),
        Column("CreationTime", UtcDateTime, key="creation_time", nullable=False),
        Column("LastModificationTime", UtcDateTime, key="last_modification_time"),
        Column("IsDeleted", Boolean, key="is_deleted", nullable=False, server_default=false()),
        Column("DeletionTime", UtcDateTime, key="deletion_time"),
    )
    # The id breaks ties of the sort, so it belongs into the index that gives the sort.
    Index(None, table.c.creation_time, table.c.id)
    for filtered in _FILTERED:
        Index(None, table.c[filtered])
    return table


@attrs.frozen(kw_only=True, eq=False)
class HelpDeskTables(Tables):
    """The tables of an export and those of the help desk, on one `MetaData`."""

    roles: Table
    role_user: Table
    teams: Table
    contacts: Table
    tickets: Table


def build_help_desk_tables(names: HostTableNames = SEED_TABLE_NAMES) -> HelpDeskTables:
    """The same for a host that calls three of them its own `names`.

    Raises:
        ConfigurationError: `names` speaks of a column that the library does not know.
    """
    tables = build_tables(names)
    metadata, users = tables.metadata, tables.users
    roles = roles_table(metadata)
    teams = teams_table(metadata)
    contacts = contacts_table(metadata)
    return HelpDeskTables(
        **attrs.asdict(tables, recurse=False),
        roles=roles,
        role_user=role_user_table(metadata, roles=roles, users=users),
        teams=teams,
        contacts=contacts,
        tickets=tickets_table(metadata, teams=teams, users=users, contacts=contacts),
    )


#: The tables under the seed's own names.
REFERENCE_TABLES = build_help_desk_tables()
