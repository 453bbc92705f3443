"""Telling a database that was never migrated from one that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine, Table

    from ticket_export.infrastructure.persistence.tables import Tables

# PostgreSQL's undefined_table; https://www.postgresql.org/docs/current/errcodes-appendix.html
_UNDEFINED_TABLE = "42P01"
# SQLite has no code of its own for it, only this text.
_NO_SUCH_TABLE = "no such table"


def is_missing_table(error: BaseException | None) -> bool:
    """Whether the database refused a statement because a table, any one, is not there."""
    if not isinstance(error, DBAPIError):
        return False
    cause = error.orig
    return getattr(cause, "sqlstate", None) == _UNDEFINED_TABLE or str(cause).startswith(_NO_SUCH_TABLE)


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
