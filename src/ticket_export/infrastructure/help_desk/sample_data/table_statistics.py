"""What the database's planner knows of tables that have just been filled."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Table, text


def gather_statistics(connection: Connection, tables: Iterable[Table]) -> None:
    """Let PostgreSQL count and sample the rows, those of the open transaction too.

    Until it does so by itself, a minute later or never, it would plan for empty tables. SQLite plans
    without; see `tickets_table`.
    """
    if connection.dialect.name == "postgresql":
        names = ", ".join(map(connection.dialect.identifier_preparer.format_table, tables))
        connection.execute(text(f"ANALYZE {names}"))
