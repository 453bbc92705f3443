"""The tables that a database lacks: they tell a database without migrations from a failing one."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Engine, Table, inspect
from sqlalchemy.exc import SQLAlchemyError

from ticket_export.infrastructure.persistence.tables import Tables


def missing_host_tables(engine: Engine, tables: Tables) -> tuple[str, ...]:
    """Return the sorted names of the host's three tables that are missing."""
    users = () if tables.host_users is None else (tables.host_users.table,)
    return missing_among(engine, (*users, tables.media_items, tables.background_tasks))


def missing_own_tables(engine: Engine, tables: Tables) -> tuple[str, ...]:
    """Return the sorted names of the library's tables that are missing."""
    return missing_among(engine, (tables.export_jobs, tables.export_audit_entries, tables.export_database))


def missing_tables(engine: Engine, tables: Tables) -> tuple[str, ...]:
    """Return the sorted names of all missing tables, those of the reference schema included."""
    return missing_among(engine, tables.metadata.tables.values())


def missing_among(engine: Engine, tables: Iterable[Table]) -> tuple[str, ...]:
    """Return the sorted names of those of `tables` that are missing; none if the database does not answer."""
    try:
        inspector = inspect(engine)
        # Not by a list of the tables, which does not include views.
        return tuple(sorted(table.name for table in tables if not inspector.has_table(table.name, table.schema)))
    except SQLAlchemyError:  # the database does not tell its tables
        return ()
