"""Telling a database that was never migrated from one that fails."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Engine, Table, inspect
from sqlalchemy.exc import SQLAlchemyError

from ticket_export.infrastructure.persistence.tables import Tables


def missing_host_tables(engine: Engine, tables: Tables) -> tuple[str, ...]:
    """The names, sorted, of what is not there of the three tables that every host has to bring."""
    return _missing(engine, (tables.users, tables.media_items, tables.background_tasks))


def missing_own_tables(engine: Engine, tables: Tables) -> tuple[str, ...]:
    """The names, sorted, of what is not there of the tables that the library brings."""
    return _missing(engine, (tables.export_jobs, tables.export_audit_entries))


def missing_tables(engine: Engine, tables: Tables) -> tuple[str, ...]:
    """The names, sorted, of what is not there of all tables, those of the reference schema included."""
    return _missing(engine, tables.metadata.tables.values())


def _missing(engine: Engine, tables: Iterable[Table]) -> tuple[str, ...]:
    """None where the database does not say what it has."""
    try:
        inspector = inspect(engine)
        # A host may bring a view, too, which no list of tables names.
        return tuple(sorted(table.name for table in tables if not inspector.has_table(table.name, table.schema)))
    except SQLAlchemyError:
        return ()
