"""What PostgreSQL's own catalogs say of a table."""

from __future__ import annotations

from tests.integration.postgresql.postgresql_rows import PostgresqlRows

_COLUMNS = """
    SELECT attname AS name, format_type(atttypid, atttypmod) AS type, NOT attnotnull AS nullable,
           pg_get_expr(adbin, adrelid) AS default
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
"""
_CONSTRAINTS = """
    SELECT conname AS name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE conrelid = %s::regclass AND contype = %s
"""
_INDEXES = """
    SELECT indexname AS name, indexdef AS definition FROM pg_indexes
    WHERE schemaname = current_schema() AND tablename = %s
"""


def tables(rows: PostgresqlRows) -> set[str]:
    """The tables besides those that Alembic keeps its books in."""
    found = rows.run("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return {row["tablename"] for row in found if not row["tablename"].startswith("ticket_export_")}


def columns(rows: PostgresqlRows, table: str) -> list[tuple[str, str, bool, str | None]]:
    """Name, type, whether it takes NULL, and default, in the table's order."""
    return [(row["name"], row["type"], row["nullable"], row["default"]) for row in rows.run(_COLUMNS, _quoted(table))]


def primary_key(rows: PostgresqlRows, table: str) -> dict[str, str]:
    """Its definition, under its name."""
    return _constraints(rows, table, "p")


def foreign_keys(rows: PostgresqlRows, table: str) -> dict[str, str]:
    """Their definitions, under their names."""
    return _constraints(rows, table, "f")


def other_constraints(rows: PostgresqlRows, table: str) -> dict[str, str]:
    """Checks, unique constraints and exclusions, under their names."""
    return {name: rule for kind in "cux" for name, rule in _constraints(rows, table, kind).items()}


def indexes(rows: PostgresqlRows, table: str) -> dict[str, str]:
    """Their definitions after ``USING``, under their names; ``UNIQUE`` goes before, where they are."""
    return {
        row["name"]: ("UNIQUE " if " UNIQUE " in row["definition"] else "") + row["definition"].split(" USING ")[1]
        for row in rows.run(_INDEXES, table)
    }


def _constraints(rows: PostgresqlRows, table: str, kind: str) -> dict[str, str]:
    return {row["name"]: row["definition"] for row in rows.run(_CONSTRAINTS, _quoted(table), kind)}


def _quoted(table: str) -> str:
    return f'"{table}"'
