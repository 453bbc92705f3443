"""The host's table of users, and the type of their keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import attrs
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Enum,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    false,
    true,
)
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from ticket_export.application.user_key import UserKey
from ticket_export.domain.user_id import UserKeyType
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.persistence.host_columns import HostExpressions, columns_in, require_known
from ticket_export.infrastructure.persistence.host_tables import HostTable, HostTableNames

_SEED_NAMES: Final = {
    "id": "Id",
    "first_name": "FirstName",
    "last_name": "LastName",
    "email_address": "EmailAddress",
    "is_admin": "IsAdmin",
    "is_active": "IsActive",
}
_CONDITIONS: Final = {"is_admin", "is_active"}


@attrs.frozen(eq=False)
class HostUsers:
    """What the library reads of the host's users.

    `columns` are columns and expressions over `table` by the fields of `User`; a field that the host does not have is
    left out. `table` is the host's own `Table` object, if the host has given expressions over one.
    """

    table: Table
    columns: Mapping[str, ColumnElement[Any]]

    @property
    def id(self) -> Column[Any]:
        """The column that ``ExportJobs`` refers to."""
        column = self.columns["id"]
        assert isinstance(column, Column)  # noqa: S101 - checked when it was made
        return column

    def table_columns(self) -> tuple[Column[Any], ...]:
        """Return the columns of `table` that the library reads, those inside of expressions included."""
        read = [column for expression in self.columns.values() for column in columns_in(expression, self.table)]
        return tuple(dict.fromkeys(read))


def user_key_of(names: HostTableNames) -> UserKeyType:
    """Return the type of the users' keys.

    Raises:
        ConfigurationError: `user_key` is not UUID, int or str, contradicts the type of the users' ``id``, or is needed
            because that type is neither of the three.
    """
    declared = names.user_key
    if declared is not None and declared not in (UUID, int, str):
        raise ConfigurationError(f"HostTableNames: user_key is {declared!r}; use UUID, int or str")
    if names.users is None:
        return declared or UUID
    expressions = HostExpressions(names.users)
    if expressions.table is None:
        return declared or UUID
    key = expressions.column("id", _SEED_NAMES["id"])
    stored = key_type_of(key.type)
    if stored is None and declared is None:
        raise ConfigurationError(
            f"table {names.users.name!r}: the type of id, {key.type!r}, does not tell the type of the users' keys; "
            "add user_key=UUID, int or str to HostTableNames"
        )
    if None not in (stored, declared) and stored is not declared:
        raise ConfigurationError(
            f"table {names.users.name!r}: id is of type {key.type!r}, whose keys are {_name(stored)}, "
            f"but user_key is {_name(declared)}; leave user_key out"
        )
    found = declared or stored
    assert found is not None  # noqa: S101 - refused above
    return found


def user_key_for(names: HostTableNames) -> UserKey:
    """Return the check of the users' keys.

    Raises:
        ConfigurationError: as for `user_key_of`.
    """
    return UserKey(user_key_of(names))


def key_column_type(user_key: UserKeyType) -> TypeEngine[Any]:
    """Return the type of a column that holds a user's key."""
    if user_key is UUID:
        return Uuid()
    return BigInteger() if user_key is int else Text()


def host_users(host: HostTable, metadata: MetaData, user_key: UserKeyType) -> HostUsers:
    """Return the users of a host.

    Raises:
        ConfigurationError: a column is unknown, an expression cannot be used, or ``id`` is not a plain column.
    """
    require_known(host, _SEED_NAMES)
    expressions = HostExpressions(host)
    wanted = {"id", *host.columns} if host.columns or host.table is not None else set(_SEED_NAMES)
    table = _named_table(host, metadata, user_key) if expressions.table is None else expressions.table
    columns: dict[str, ColumnElement[Any]] = {}
    for key, seed_name in _SEED_NAMES.items():
        if key in wanted:
            is_named = expressions.table is None and isinstance(host.columns.get(key, ""), str)
            columns[key] = table.c[key] if is_named else expressions.column(key, seed_name)
    users = HostUsers(table, columns)
    _check(host, users)
    return users


def _named_table(host: HostTable, metadata: MetaData, user_key: UserKeyType) -> Table:
    every = (
        Column("Id", key_column_type(user_key), key="id", primary_key=True),
        Column("FirstName", Text, key="first_name", nullable=False),
        Column("LastName", Text, key="last_name", nullable=False),
        Column("EmailAddress", Text, key="email_address", nullable=False),
        Column("IsAdmin", Boolean, key="is_admin", nullable=False, server_default=false()),
        Column("IsActive", Boolean, key="is_active", nullable=False, server_default=true()),
    )
    named: list[Column[Any]] = []
    for column in every:
        given = host.columns.get(column.key, column.name if not host.columns or column.key == "id" else None)
        if isinstance(given, str):
            column.name = given
            named.append(column)
    table = Table(host.name, metadata, *named, schema=host.schema)
    if not host.columns:
        Index(None, table.c.email_address, unique=True)
    return table


def _check(host: HostTable, users: HostUsers) -> None:
    key = users.columns["id"]
    if not isinstance(key, Column) or key.table is not users.table:
        raise ConfigurationError(
            f"table {host.name!r}: id must be a plain column of this table, because ExportJobs refers to it; "
            "use users=None if your users are elsewhere"
        )
    for name in _CONDITIONS & users.columns.keys():
        stored = users.columns[name].type
        if not isinstance(stored, Boolean | Integer | NullType):
            raise ConfigurationError(
                f"table {host.name!r}: {name} is of type {stored!r}, not Boolean; use a condition, such as "
                "users.c.role == 'boss'"
            )


def key_type_of(stored: TypeEngine[Any]) -> UserKeyType | None:
    """Return the type of the keys that a column of type `stored` holds; None if that is not known."""
    if isinstance(stored, TypeDecorator):
        # What its values are in Python is not known.
        return None
    if isinstance(stored, Uuid):
        return UUID
    if isinstance(stored, Integer):
        return int
    return str if isinstance(stored, String) and not isinstance(stored, Enum) else None


def _name(key: type | None) -> str:
    return "nothing" if key is None else key.__name__
