"""Creates indexes and foreign keys once, after the rows, instead of updating them for each row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import attrs
from sqlalchemy import Connection, ForeignKeyConstraint, Table, TextClause, bindparam, exists, select, text
from sqlalchemy.exc import DBAPIError

# Only our own, and only those that their definition restores completely.
_INDEXES: Final = text("""
    SELECT 'DROP INDEX ' || indexrelid::regclass AS removal, pg_get_indexdef(indexrelid) AS creation
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE indrelid = CAST(:table AS regclass) AND relname = ANY(:names) AND reltablespace = 0
    AND indisvalid AND NOT (indisunique OR indisclustered OR indisreplident)
    AND obj_description(indexrelid, 'pg_class') IS NULL
""")
_FOREIGN_KEYS: Final = text("""
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS removal,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS creation
    FROM pg_constraint
    WHERE conrelid = CAST(:table AS regclass) AND conname = ANY(:names) AND contype = 'f'
    AND obj_description(oid, 'pg_constraint') IS NULL
""")
# The indexes of a partitioned table belong to its partitions too, and no definition says so.
_IS_ONE_TABLE: Final = text("SELECT relkind = 'r' FROM pg_class WHERE oid = CAST(:table AS regclass)")
_INDEXES_OF_SQLITE: Final = text("""
    SELECT 'DROP INDEX "' || name || '"' AS removal, sql AS creation FROM sqlite_master
    WHERE type = 'index' AND tbl_name = :table AND name IN :names
""").bindparams(bindparam("names", expanding=True))
# lock_not_available: another session uses the table. insufficient_privilege: the tables belong to another role.
_NOT_NOW: Final = {"55P03", "42501"}


@attrs.frozen
class _Part:
    removal: str
    creation: str


@contextmanager
def upkeep_deferred(connection: Connection, table: Table) -> Iterator[None]:
    """In the block, an empty table has no indexes and foreign keys; they are created again after it.

    On PostgreSQL other sessions cannot read the table, and the tables that it refers to, until the transaction ends; on
    SQLite they can. If the table is not empty, or another session uses one of these tables, everything stays as it is.
    If the block fails, the rollback restores everything.
    """
    parts = [] if _has_rows(connection, table) else _TAKE_AWAY[connection.dialect.name](connection, table)
    yield
    for part in parts:
        connection.execute(text(part.creation))


def _has_rows(connection: Connection, table: Table) -> bool:
    return bool(connection.execute(select(exists(select(table.c.id)))).scalar_one())


def _take_away_on_postgresql(connection: Connection, table: Table) -> list[_Part]:
    quoted = connection.dialect.identifier_preparer.format_table(table)
    if not connection.execute(_IS_ONE_TABLE, {"table": quoted}).scalar_one():
        return []
    try:
        with connection.begin_nested():
            _lock(connection, table)
            keys = [each.name for each in table.constraints if isinstance(each, ForeignKeyConstraint)]
            return [
                *_remove(connection, _FOREIGN_KEYS, table=quoted, names=keys),
                *_remove(connection, _INDEXES, table=quoted, names=_names_of_indexes(table)),
            ]
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _NOT_NOW:
            raise
        return []


def _take_away_on_sqlite(connection: Connection, table: Table) -> list[_Part]:
    return _remove(connection, _INDEXES_OF_SQLITE, table=table.name, names=_names_of_indexes(table))


def _lock(connection: Connection, table: Table) -> None:
    referred = {key.referred_table.name: key.referred_table for key in table.foreign_key_constraints}
    locked = ", ".join(map(connection.dialect.identifier_preparer.format_table, (table, *referred.values())))
    # Not waiting: a session that reads one of the tables may itself wait for another one that is locked here.
    connection.execute(text(f"LOCK TABLE {locked} IN ACCESS EXCLUSIVE MODE NOWAIT"))


def _names_of_indexes(table: Table) -> list[str]:
    return [str(index.name) for index in table.indexes]


def _remove(connection: Connection, which: TextClause, **values: object) -> list[_Part]:
    parts = [_Part(row.removal, row.creation) for row in connection.execute(which, values).all()]
    for part in parts:
        connection.execute(text(part.removal))
    return parts


_TAKE_AWAY: Final = {"postgresql": _take_away_on_postgresql, "sqlite": _take_away_on_sqlite}
