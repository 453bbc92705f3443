"""The tables of exports as the database's own catalogs describe them, inside a process of the project."""

from __future__ import annotations

from typing import Any

from django.db import connections
from sqlalchemy import inspect

from ticket_export.infrastructure.django.databases import engine_of

TABLES = ("MediaItems", "BackgroundTasks", "ExportJobs", "ExportAuditEntries", "ExportDatabase", "ExportTasks")
# Without the order of the columns: Alembic has added some of them later.
_POSTGRESQL = {
    "columns": """SELECT attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
        pg_get_expr(adbin, adrelid) FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname""",
    "constraints": """SELECT conname, contype, condeferrable, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = %s::regclass ORDER BY conname""",
    "indexes": "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
    "WHERE indrelid = %s::regclass ORDER BY 1",
}


def catalog(alias: str = "default") -> dict[str, Any]:
    """Return each table of exports that is there."""
    connection = connections[alias]
    names = set(connection.introspection.table_names())
    described = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    return {table: described(alias, table) for table in TABLES if table in names}


def _on_postgresql(alias: str, table: str) -> Any:
    with connections[alias].cursor() as cursor:
        found = {}
        for part, query in _POSTGRESQL.items():
            cursor.execute(query, [f'"{table}"'])
            found[part] = cursor.fetchall()
        return found


def _on_sqlite(alias: str, table: str) -> Any:
    with connections[alias].cursor() as cursor:
        columns = sorted(
            cursor.execute("SELECT name, type, [notnull], dflt_value, pk FROM pragma_table_info(%s)", [table])
        )
        indexes = {}
        for name, unique, origin in cursor.execute(
            "SELECT name, [unique], origin FROM pragma_index_list(%s)", [table]
        ).fetchall():
            key = name if origin == "c" else origin
            indexes[key] = unique, cursor.execute("SELECT name FROM pragma_index_info(%s)", [name]).fetchall()
        references = sorted(
            cursor.execute(
                "SELECT [from], [table], [to], on_update, on_delete FROM pragma_foreign_key_list(%s)", [table]
            )
        )
    # SQLite's own lists have no names of constraints.
    inspector = inspect(engine_of(alias))
    names = [
        inspector.get_pk_constraint(table)["name"],
        *sorted(str(each["name"]) for each in inspector.get_foreign_keys(table)),
    ]
    return {"columns": columns, "indexes": indexes, "references": references, "constraints": names}
