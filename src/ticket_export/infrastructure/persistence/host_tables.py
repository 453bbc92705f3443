"""The names of the host's tables that ``ExportJobs`` refers to, and the type of its users' keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs
from sqlalchemy import FromClause, SQLColumnExpression, Table, inspect

from ticket_export.domain.user_id import UserKeyType
from ticket_export.errors import ConfigurationError

#: A column of the host: its name, or a SQLAlchemy expression over the host's own table.
HostColumn: TypeAlias = str | SQLColumnExpression[Any]


@attrs.frozen(init=False)
class HostTable:
    """One table of the host, by its name, as a SQLAlchemy `Table`, or as a mapped class.

    `columns` maps a Python name to the host's column: its name (``{"email_address": "email"}``) or a SQLAlchemy
    expression over the host's own table (``{"is_admin": User.role == "boss"}``). The library writes to media items and
    background tasks, so all their columns must be plain columns.

    Of media items and background tasks, a column that is left out has the seed's name. Of users, only ``id`` is
    required: a user without the other columns has no name and no address, is no administrator, and is active. Without
    any `columns`, a table of users that is given by its name has the seed's six columns.

    If the table is a `Table` or a mapped class, ``id`` may be left out: it is the primary key then. `schema` is for a
    table that is given by its name and is not in the default schema of the database.

    Raises:
        ConfigurationError: a class that is not mapped to one table.
    """

    name: str
    columns: Mapping[str, HostColumn]
    schema: str | None
    #: The host's own object, if it is given.
    table: Table | None

    def __init__(
        self,
        name: str | FromClause | type[Any],
        columns: Mapping[str, HostColumn] | None = None,
        *,
        schema: str | None = None,
    ) -> None:
        given = dict(columns or {})
        if isinstance(name, str):
            self.__attrs_init__(name, given, schema, None)
            return
        table = _table_of(name)
        self.__attrs_init__(table.name, given, table.schema, table)

    def id_name(self) -> str:
        """Return the name of the column of keys, where the host has not named it.

        Raises:
            ConfigurationError: the primary key has several columns.
        """
        if self.table is None:
            return "Id"
        keys = [column.name for column in self.table.primary_key]
        if len(keys) != 1:
            raise ConfigurationError(
                f"table {self.name!r}: the primary key is ({', '.join(keys)}); name one column: "
                f'HostTable({self.name!r}, {{"id": ...}})'
            )
        return keys[0]


@attrs.frozen(kw_only=True)
class HostTableNames:
    """The host's three tables; the defaults are the seed's names.

    `users` is None for a host whose users are not in this database: there is no foreign key then.

    `user_key` is the type of the users' keys: UUID (the default), int or str. If `users` has a SQLAlchemy column as
    ``id``, that column's type decides, and `user_key` is not needed.
    """

    users: HostTable | None = HostTable("Users")
    media_items: HostTable = HostTable("MediaItems")
    background_tasks: HostTable = HostTable("BackgroundTasks")
    user_key: UserKeyType | None = None


def _table_of(given: object) -> Table:
    if isinstance(given, Table):
        return given
    mapper = inspect(given, raiseerr=False)
    table = getattr(mapper, "local_table", None)
    if not isinstance(table, Table):
        raise ConfigurationError(
            f"HostTable({given!r}): give the name of a table, a sqlalchemy.Table or a class that is mapped to one"
        )
    return table


#: The names of the seed's data model.
SEED_TABLE_NAMES = HostTableNames()


def unnamed_tables(names: HostTableNames) -> frozenset[str]:
    """Return which tables of files and tasks the host has not named, so that a migration may create them."""
    usual = SEED_TABLE_NAMES
    given = ((names.media_items, usual.media_items), (names.background_tasks, usual.background_tasks))
    return frozenset(table.name for table, seed in given if table == seed)
