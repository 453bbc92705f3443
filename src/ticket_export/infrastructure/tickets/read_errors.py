"""Converts a database's errors to errors that a user may read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Dialect
from sqlalchemy.exc import SQLAlchemyError

from ticket_export.errors import TicketSourceError, TicketsUnavailableError
from ticket_export.infrastructure.persistence.database.errors import (
    may_pass,
    name_shortage,
    reached_limit,
)

#: Of a `TicketsUnavailableError`.
AWAY: Final = "The tickets could not be read: their database was unavailable or busy."
_REFUSED: Final = "The tickets could not be read from the database."


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
            raise TicketsUnavailableError(ended if limit else AWAY) from error
        raise TicketSourceError(ended if limit else _REFUSED) from error
    except (OverflowError, UnicodeEncodeError) as error:
        # Of SQLite's driver: a parameter, such as one of a host's rule, has more than 64 bits, or half a character.
        raise TicketSourceError(_REFUSED) from error
