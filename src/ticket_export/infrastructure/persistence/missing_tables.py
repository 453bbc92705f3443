"""Telling a database that was never migrated from one that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ticket_export.infrastructure.persistence.tables import Tables


def missing_tables(error: Exception, engine: Engine, tables: Tables) -> tuple[str, ...]:
    """The tables whose absence may be why the database refused a statement; none for any other error."""
    if not isinstance(error, DBAPIError):
        return ()
    try:
        existing = inspect(engine).get_table_names()
    except SQLAlchemyError:
        return ()
    return tuple(table.name for table in tables.metadata.sorted_tables if table.name not in existing)
