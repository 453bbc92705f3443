"""Databases of hosts whose users have keys of each type, or are in no table."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Engine

from ticket_export.domain.user_id import UserKeyType
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.host_tables import HostTable, HostTableNames
from ticket_export.infrastructure.persistence.tables import Tables, build_tables

#: As the ids of tests: the type of key, and whether there is a table of users.
KINDS: dict[str, tuple[UserKeyType, bool]] = {
    "uuid": (UUID, True),
    "integer": (int, True),
    "text": (str, True),
    "uuid-no-table": (UUID, False),
    "integer-no-table": (int, False),
    "text-no-table": (str, False),
}


def names_of(user_key: UserKeyType, has_users_table: bool) -> HostTableNames:
    return HostTableNames(users=HostTable("Users") if has_users_table else None, user_key=user_key)


def migrate_host(engine: Engine, names: HostTableNames) -> Tables:
    """Make the tables of a host, then those of the library."""
    tables = build_tables(names)
    hosts = [tables.media_items, tables.background_tasks]
    if tables.host_users is not None:
        hosts.append(tables.host_users.table)
    tables.metadata.create_all(engine, tables=hosts)
    upgrade(engine, names=names)
    return tables
