"""What a migration reads of the host's tables, and the checks before it changes the database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.types import TypeEngine

from ticket_export.domain.user_id import UserKeyType
from ticket_export.errors import ConfigurationError, MissingTableError
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES, HostTableNames
from ticket_export.infrastructure.persistence.host_users import key_column_type, user_key_of


def host_table_names() -> HostTableNames:
    """Return the names of the host's tables that the migration was called with."""
    names: HostTableNames = _attribute("names", SEED_TABLE_NAMES)
    return names


def is_adopted(table: str) -> bool:
    """Whether another program made the table, so that a downgrade must not drop it."""
    return table in _attribute("adopted", ())


def has_own_tasks() -> bool:
    """Whether the tasks of exports have a table of their own."""
    return bool(_attribute("own_tasks", False))


def user_key_type() -> TypeEngine[Any]:
    """Return the type of the columns that hold a user's key."""
    return key_column_type(user_key_of(host_table_names()))


def require_tables(*tables: sa.FromClause) -> None:
    """Raise `MissingTableError`, which names all missing tables; raise `ConfigurationError` for a view."""
    asked = [table for table in tables if isinstance(table, sa.Table)]
    inspector = sa.inspect(op.get_bind())
    missing = [table for table in asked if table.name not in inspector.get_table_names(table.schema)]
    views = [table.fullname for table in missing if table.name in inspector.get_view_names(table.schema)]
    if views:
        raise ConfigurationError(
            f"{_listed(views)} is a view, and a foreign key can refer only to a table; give upgrade() the name of the "
            "table that has the users. With SQL expressions in HostTable, you need no view"
        )
    if missing:
        raise MissingTableError([f"table {table.fullname} is missing" for table in missing])


def require_key(column: sa.Column[Any], user_key: UserKeyType) -> None:
    """Raise `ConfigurationError` if the database's column cannot be what keys of this type refer to."""
    table = column.table
    assert isinstance(table, sa.Table)  # noqa: S101 - `require_tables` was called with it
    stored = {each["name"]: each["type"] for each in sa.inspect(op.get_bind()).get_columns(table.name, table.schema)}
    if column.name not in stored:
        raise ConfigurationError(
            f'the table "{table.fullname}" has no column "{column.name}" for the keys of users; name the column in '
            f"table_names: HostTable({table.name!r}, {{'id': ...}}); its columns: {', '.join(stored)}"
        )
    possible = _keys_of(stored[column.name])
    if user_key not in possible:
        advice = f"set user_key={possible[0].__name__} in HostTableNames" if possible else "use users=None"
        raise ConfigurationError(
            f'the column "{column.name}" of the table "{table.fullname}" is of type {stored[column.name]}, which '
            f"cannot hold keys of type {user_key.__name__}; {advice}"
        )


def refuse_existing(*names: str) -> None:
    """Raise `ConfigurationError`, which names all tables that already exist."""
    tables = set(sa.inspect(op.get_bind()).get_table_names())
    existing = [name for name in names if name in tables]
    if existing:
        raise ConfigurationError(f"the database already has {_listed(existing)}, which this migration would create")


def _attribute(name: str, default: object) -> Any:
    config = op.get_context().config
    assert config is not None  # noqa: S101 - `migrate` always sets it
    return config.attributes.get(name, default)


def _keys_of(stored: TypeEngine[Any]) -> tuple[UserKeyType, ...]:
    # SQLite has no UUIDs, and any name may be the name of a type there.
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if isinstance(stored, sa.Integer):
        return (int,)
    if isinstance(stored, sa.Uuid):
        return (UUID,)
    if isinstance(stored, sa.String) and not isinstance(stored, CITEXT | sa.Enum):
        return (str, UUID) if is_sqlite else (str,)
    return (UUID, int, str) if is_sqlite else ()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
