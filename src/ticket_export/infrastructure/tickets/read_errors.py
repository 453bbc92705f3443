"""Converts a database's errors to errors that a user may read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Dialect, FromClause, Table
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.sql import visitors

from ticket_export.errors import TicketSourceError, TicketsUnavailableError
from ticket_export.infrastructure.persistence.database.errors import (
    is_missing_table,
    may_pass,
    name_shortage,
    reached_limit,
)
from ticket_export.infrastructure.persistence.database.missing_parts import missing_table


def errors_of(dialect: Dialect) -> tuple[type[Exception], ...]:
    """The errors of SQLAlchemy, and of the driver, which a reader may call directly.

    The driver is the one that the engine has loaded, so that no other driver needs to be installed.
    """
    return SQLAlchemyError, dialect.loaded_dbapi.Error


@contextmanager
def read_errors(dialect: Dialect) -> Iterator[None]:
    """Raise `TicketSourceError` for a database's error in the block; the original error is its cause.

    If a later attempt may succeed, for example after a lost connection, it is a `TicketsUnavailableError`. The message
    names a time limit of the database that was reached.
    """
    try:
        yield
    except errors_of(dialect) as error:
        name_shortage(error)
        limit = reached_limit(error)
        ended = f"The tickets could not be read: the database's time limit ({limit}) ended the query."
        if may_pass(error):
            away = "The tickets could not be read: their database was unavailable or busy."
            raise TicketsUnavailableError(ended if limit else away) from error
        raise TicketSourceError(ended if limit else "The tickets could not be read from the database.") from error


@contextmanager
def naming_tables(tickets: FromClause) -> Iterator[None]:
    """Let a `TicketSourceError` name the table of `tickets` that the database lacks. It never names a column.

    A user sees the message, and there may be columns that this user may not know.
    """
    try:
        yield
    except TicketSourceError as error:
        cause = error.__cause__
        if not isinstance(cause, DBAPIError) or not is_missing_table(cause):
            raise
        missing = missing_table(cause, [part for part in visitors.iterate(tickets) if isinstance(part, Table)])
        if missing is None:
            raise
        raise TicketSourceError(f"The tickets could not be read: the database lacks {missing}.") from cause
