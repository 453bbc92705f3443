"""The tables, with PascalCase names in the database and the Python names as column keys."""

from __future__ import annotations

import attrs
from sqlalchemy import MetaData, Table

from ticket_export.infrastructure.persistence import help_desk_tables, host_tables
from ticket_export.infrastructure.persistence.export_audit_entries_table import export_audit_entries_table
from ticket_export.infrastructure.persistence.export_jobs_table import export_jobs_table
from ticket_export.infrastructure.persistence.host_table_names import SEED_TABLE_NAMES, HostTableNames

#: The names that Entity Framework gives, and with it the original system.
_NAMING_CONVENTION = {
    "pk": "PK_%(table_name)s",
    "fk": "FK_%(table_name)s_%(referred_table_name)s_%(column_0_name)s",
    "ix": "IX_%(table_name)s_%(column_0_N_name)s",
}


@attrs.frozen(kw_only=True, eq=False)
class Tables:
    """One set of tables; every host has its own, nothing is global."""

    metadata: MetaData
    export_jobs: Table
    export_audit_entries: Table
    users: Table
    media_items: Table
    background_tasks: Table
    roles: Table
    role_user: Table
    teams: Table
    contacts: Table
    tickets: Table


def build_tables(names: HostTableNames = SEED_TABLE_NAMES) -> Tables:
    """The tables of a host that calls its own `names`.

    Raises:
        ConfigurationError: `names` speaks of a column that the library does not know.
    """
    metadata = MetaData(naming_convention=_NAMING_CONVENTION)
    users = host_tables.users_table(metadata, names.users)
    media_items = host_tables.media_items_table(metadata, names.media_items)
    background_tasks = host_tables.background_tasks_table(metadata, names.background_tasks)
    roles = help_desk_tables.roles_table(metadata)
    teams = help_desk_tables.teams_table(metadata)
    contacts = help_desk_tables.contacts_table(metadata)
    return Tables(
        metadata=metadata,
        export_jobs=export_jobs_table(
            metadata, users=users, media_items=media_items, background_tasks=background_tasks
        ),
        export_audit_entries=export_audit_entries_table(metadata),
        users=users,
        media_items=media_items,
        background_tasks=background_tasks,
        roles=roles,
        role_user=help_desk_tables.role_user_table(metadata, roles=roles, users=users),
        teams=teams,
        contacts=contacts,
        tickets=help_desk_tables.tickets_table(metadata, teams=teams, users=users, contacts=contacts),
    )


#: The tables under the seed's own names.
REFERENCE_TABLES = build_tables()
