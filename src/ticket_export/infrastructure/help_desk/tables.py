"""The tables of the reference schema: those of exports, and those of the help desk itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

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

from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES, HostTableNames
from ticket_export.infrastructure.persistence.tables import Tables, build_tables
from ticket_export.infrastructure.persistence.types import JsonText, UtcDateTime

# SQLite numbers rows itself only in an INTEGER PRIMARY KEY.
_RowNumber = BigInteger().with_variant(Integer(), "sqlite")

# The columns that views filter by and that an index can serve. Text filters compare in lower case, which no such index
# serves.
_FILTERED = (
    *("status", "priority", "owning_team_id", "assignee_id", "created_by_staff_id", "contact_id"),
    *("last_modification_time", "sla_due_at", "resolved_at", "closed_at"),
)


@attrs.frozen(kw_only=True, eq=False)
class HelpDeskTables(Tables):
    """The tables of exports and those of the help desk, on one `MetaData`.

    With a host's own users, nobody uses the tables of the help desk.
    """

    roles: Table
    role_user: Table
    teams: Table
    contacts: Table
    tickets: Table
    has_reference_users: bool

    @property
    def users(self) -> Table:
        """The table ``Users`` of the reference schema.

        Raises:
            ConfigurationError: the users are the host's.
        """
        if self.host_users is None or not self.has_reference_users:
            raise ConfigurationError(
                "table_names names your own users, and the library knows only those of the reference schema by itself; "
                "override user_directory and catalog of the container with your own"
            )
        return self.host_users.table


def build_help_desk_tables(names: HostTableNames = SEED_TABLE_NAMES) -> HelpDeskTables:
    """Build the tables, with a host's own `names` for three of them.

    Raises:
        ConfigurationError: as for `build_tables`.
    """
    tables = build_tables(names)
    metadata = tables.metadata
    has_reference_users = names.users == SEED_TABLE_NAMES.users and tables.user_key is UUID
    users = tables.host_users.id if tables.host_users is not None and has_reference_users else None
    roles, teams, contacts = _roles(metadata), _teams(metadata), _contacts(metadata)
    return HelpDeskTables(
        **attrs.asdict(tables, recurse=False),
        roles=roles,
        role_user=_role_user(metadata, roles=roles, users=users),
        teams=teams,
        contacts=contacts,
        tickets=_tickets(metadata, teams=teams, users=users, contacts=contacts),
        has_reference_users=has_reference_users,
    )


def _roles(metadata: MetaData) -> Table:
    return Table(
        "Roles",
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column("Label", Text, key="label", nullable=False),
        Column("DeveloperName", Text, key="developer_name", nullable=False),
        # The sum of the permission flags.
        Column("SystemPermissions", Integer, key="system_permissions", nullable=False),
    )


def _role_user(metadata: MetaData, *, roles: Table, users: Column[Any] | None) -> Table:
    table = Table(
        "RoleUser",
        metadata,
        Column("RolesId", Uuid, ForeignKey(roles.c.id, ondelete="CASCADE"), key="roles_id", primary_key=True),
        Column("UsersId", Uuid, *_reference(users, "CASCADE"), key="users_id", primary_key=True),
    )
    Index(None, table.c.users_id)
    return table


def _teams(metadata: MetaData) -> Table:
    return Table(
        "Teams",
        metadata,
        Column("Id", Uuid, key="id", primary_key=True),
        Column("Name", Text, key="name", nullable=False),
    )


def _contacts(metadata: MetaData) -> Table:
    return Table(
        "Contacts",
        metadata,
        Column("Id", _RowNumber, key="id", primary_key=True),
        Column("FirstName", Text, key="first_name", nullable=False),
        Column("LastName", Text, key="last_name"),
        Column("Email", Text, key="email"),
        Column("OrganizationAccount", Text, key="organization_account"),
        # A deleted contact stays in the table, and exports do not name it any more.
        Column("IsDeleted", Boolean, key="is_deleted", nullable=False, server_default=false()),
    )


def _tickets(metadata: MetaData, *, teams: Table, users: Column[Any] | None, contacts: Table) -> Table:
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
        Column("AssigneeId", Uuid, *_reference(users, "SET NULL"), key="assignee_id"),
        Column("CreatedByStaffId", Uuid, *_reference(users, "SET NULL"), key="created_by_staff_id"),
        Column("ContactId", _RowNumber, ForeignKey(contacts.c.id, ondelete="SET NULL"), key="contact_id"),
        # A JSON array of texts.
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
    # For the default sort, in which the id breaks ties. There is no index on IsDeleted: nearly all rows have the same
    # value, and SQLite, which by default has no statistics, would prefer that index to this one.
    Index(None, table.c.creation_time, table.c.id)
    for filtered in _FILTERED:
        Index(None, table.c[filtered])
    return table


def _reference(users: Column[Any] | None, ondelete: str) -> tuple[ForeignKey, ...]:
    return () if users is None else (ForeignKey(users, ondelete=ondelete),)


#: The tables under the seed's own names.
REFERENCE_TABLES = build_help_desk_tables()
