"""Rows that bring their numbers along, in tables that else number rows by themselves."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Table, func, select, text

# NULL, where the rows are numbered in another way, sets nothing.
_FOLLOW = text("""
    SELECT setval(counter, greatest(:last, pg_sequence_last_value(counter)))
    FROM (SELECT pg_get_serial_sequence(:table, :column)::regclass AS counter) AS counters
""")


def keep_others_from_inserting(connection: Connection, tables: Iterable[Table]) -> None:
    """Until the transaction ends, nobody else adds to the tables: the numbers that come next stay free.

    Others can read. SQLite has only one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        names = ", ".join(map(connection.dialect.identifier_preparer.format_table, tables))
        connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


def last_number(connection: Connection, table: Table) -> int:
    """The highest number of a row of the table; 0 where there is none."""
    return connection.execute(select(func.max(table.c.id))).scalar_one() or 0


def let_numbers_follow(connection: Connection, table: Table) -> None:
    """Let the numbers that the database itself gives follow the highest there is.

    PostgreSQL counts apart from the rows, and would give numbers that are taken. The counter is never
    set back. SQLite looks at the rows.
    """
    if connection.dialect.name != "postgresql":
        return
    last = last_number(connection, table)
    if last > 0:
        name = connection.dialect.identifier_preparer.format_table(table)
        connection.execute(_FOLLOW, {"last": last, "table": name, "column": table.c.id.name})
