"""The requester of a job, as the host's table of users has them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Label, RowMapping, cast, type_coerce

from ticket_export.domain.user import User
from ticket_export.infrastructure.persistence.host_users import key_column_type
from ticket_export.infrastructure.persistence.tables import Tables

# The host's names may be those of columns of the other tables.
_PREFIX: Final = "ticket_export_requester_"


def requester_columns(tables: Tables) -> tuple[Label[Any], ...]:
    """Return what a SELECT of jobs reads of the users table that it joins; nothing without such a table."""
    users = tables.host_users
    if users is None:
        return ()
    # Whatever Python type the host reads its keys as. A cast to text removes the blanks that a CHAR pads.
    key_type = key_column_type(tables.user_key)
    key: ColumnElement[Any] = cast(users.id, key_type) if tables.user_key is str else type_coerce(users.id, key_type)
    return tuple((key if name == "id" else column).label(_PREFIX + name) for name, column in users.columns.items())


def requester_from(row: RowMapping, tables: Tables) -> User | None:
    """Return the user who requested the job in `row`; None if there is none in the users table."""
    users = tables.host_users
    # A collation of the host may find a text in other letter cases too.
    if users is None or row[_PREFIX + "id"] != row[tables.export_jobs.c.requester_user_id]:
        return None
    values = {name: row[_PREFIX + name] for name in users.columns}
    return User(
        id=values["id"],
        first_name=_text(values.get("first_name")),
        last_name=_text(values.get("last_name")),
        email_address=_text(values.get("email_address")),
        is_admin=bool(values.get("is_admin", False)),
        is_active=bool(values.get("is_active", True)),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
