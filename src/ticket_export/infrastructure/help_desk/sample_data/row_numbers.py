"""Inserting rows with explicit numbers into tables that otherwise number their rows themselves."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Table, func, select, text

# Without a sequence the function returns NULL, and nothing is set.
_SET_COUNTER = text("""
    SELECT setval(counter, greatest(:last, pg_sequence_last_value(counter)))
    FROM (SELECT pg_get_serial_sequence(:table, :column)::regclass AS counter) AS counters
""")


def lock_for_numbering(connection: Connection, tables: Iterable[Table]) -> None:
    """Keep other connections from adding rows until the transaction ends, so that the next numbers stay free.

    Other connections can read. SQLite allows only one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        names = ", ".join(map(connection.dialect.identifier_preparer.format_table, tables))
        connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


def last_number(connection: Connection, table: Table) -> int:
    """The highest number of a row of the table; 0 if the table is empty."""
    return connection.execute(select(func.max(table.c.id))).scalar_one() or 0


def move_counter_to_last(connection: Connection, table: Table) -> None:
    """Let the database number its next row after the highest number in the table.

    PostgreSQL's sequence does not look at the rows and would return numbers that are taken. It is never set back.
    SQLite looks at the rows.
    """
    if connection.dialect.name != "postgresql":
        return
    last = last_number(connection, table)
    if last > 0:
        name = connection.dialect.identifier_preparer.format_table(table)
        connection.execute(_SET_COUNTER, {"last": last, "table": name, "column": table.c.id.name})
