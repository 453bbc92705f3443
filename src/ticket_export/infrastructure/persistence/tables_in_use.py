"""Where a database has the tasks of exports: in the host's table, or in ``ExportTasks``.

The database itself says so, by having the table ``ExportTasks`` or not. So a host that adopts its tables
(``ticket-export migrate --adopt``) sets nothing. Each engine looks once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from weakref import WeakKeyDictionary

import attrs
from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError

from ticket_export.infrastructure.persistence.tables import Tables

_LOOK_UP: Final = {
    # Does not read the file inside the transaction, which may be the host's and begin to write later. SQLite would
    # refuse that, if another connection had written in between.
    "sqlite": 'EXPLAIN SELECT 1 FROM "ExportTasks"',
    "postgresql": "SELECT 1 WHERE to_regclass('\"ExportTasks\"') IS NOT NULL",
}
# An engine, and the engines made from it with other options, share one dialect.
_has_own_tasks: WeakKeyDictionary[Dialect, bool] = WeakKeyDictionary()


def tables_in_use(connection: Connection, tables: Tables) -> Tables:
    """Return the tables with `background_tasks` as this database has it."""
    if tables.has_own_tasks:
        return tables
    has_own = _has_own_tasks.get(connection.dialect)
    if has_own is None:
        has_own = _has_own_tasks[connection.dialect] = _looked_up(connection)
    return with_own_tasks(tables) if has_own else tables


def look_again(dialect: Dialect) -> None:
    """Let the engine of that dialect look again, after the tables of its database may have changed."""
    _has_own_tasks.pop(dialect, None)


def _looked_up(connection: Connection) -> bool:
    dialect = connection.dialect
    # With the driver itself, so that each call of a use case, the first one included, has the same statements.
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_LOOK_UP[dialect.name])
        return cursor.fetchone() is not None
    except dialect.loaded_dbapi.Error as error:
        if dialect.name == "sqlite" and "no such table" in str(error):
            return False
        raise DBAPIError(_LOOK_UP[dialect.name], None, error) from error
    finally:
        cursor.close()


# A process has one set of tables, or a few; statements are cached by set.
@lru_cache(maxsize=16)
def with_own_tasks(tables: Tables) -> Tables:
    """Return the tables of a database that has ``ExportTasks``."""
    return attrs.evolve(tables, background_tasks=tables.export_tasks)
