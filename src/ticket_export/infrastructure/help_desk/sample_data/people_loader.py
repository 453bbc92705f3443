"""Inserts the sample people into the reference schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import attrs
from sqlalchemy import Connection, Table, func, insert, select

from ticket_export.infrastructure.help_desk.sample_data.people import (
    ASSIGNEES,
    CONTACTS,
    ROLES,
    TEAMS,
    USERS,
    sample_id,
)
from ticket_export.infrastructure.help_desk.tables import HelpDeskTables


@attrs.frozen(kw_only=True)
class PeopleIds:
    """The teams and people that tickets can refer to."""

    teams: Sequence[UUID]
    staff: Sequence[UUID]
    contacts: Sequence[int]


def load_people(connection: Connection, tables: HelpDeskTables) -> PeopleIds:
    """Add the missing roles, users, teams and contacts; return the identifiers of all.

    Users and contacts are identified by their e-mail address. Existing ones stay as they are and keep their roles.
    """
    roles = [{"id": sample_id(role.developer_name), **attrs.asdict(role)} for role in ROLES]
    _insert_missing(connection, tables.roles, "id", roles)
    teams = [{"id": sample_id(name), "name": name} for name in TEAMS]
    _insert_missing(connection, tables.teams, "id", teams)
    _load_users(connection, tables)
    _load_contacts(connection, tables)
    user, contact = tables.users.c, tables.contacts.c
    users: dict[str, UUID] = dict(connection.execute(select(user.email_address, user.id)).all())
    contacts: dict[str, int] = dict(connection.execute(select(contact.email, contact.id)).all())
    return PeopleIds(
        teams=[sample_id(name) for name in TEAMS],
        staff=[users[each.email_address] for each in ASSIGNEES],
        contacts=[contacts[each.email] for each in CONTACTS],
    )


def _load_users(connection: Connection, tables: HelpDeskTables) -> None:
    without_role = attrs.filters.exclude("role")
    rows = [{"id": sample_id(user.email_address), **attrs.asdict(user, filter=without_role)} for user in USERS]
    added = {row["id"] for row in _insert_missing(connection, tables.users, "email_address", rows)}
    granted = [
        {"roles_id": sample_id(user.role.developer_name), "users_id": sample_id(user.email_address)}
        for user in USERS
        if user.role and sample_id(user.email_address) in added
    ]
    if granted:
        connection.execute(insert(tables.role_user), granted)


def _load_contacts(connection: Connection, tables: HelpDeskTables) -> None:
    last_id = last_number(connection, tables.contacts)
    rows = [{"id": last_id + number, **attrs.asdict(contact)} for number, contact in enumerate(CONTACTS, start=1)]
    _insert_missing(connection, tables.contacts, "email", rows)


def _insert_missing(
    connection: Connection, table: Table, known_by: str, rows: Sequence[Mapping[str, object]]
) -> Sequence[Mapping[str, object]]:
    known = set(connection.execute(select(table.c[known_by])).scalars())
    missing = [row for row in rows if row[known_by] not in known]
    if missing:
        connection.execute(insert(table), missing)
    return missing


def last_number(connection: Connection, table: Table) -> int:
    """The highest id in the table; 0 if the table is empty."""
    return connection.execute(select(func.max(table.c.id))).scalar_one() or 0
