"""A database's errors, as the failure of an export that a user may read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Dialect
from sqlalchemy.exc import SQLAlchemyError

from ticket_export.errors import TicketSourceError, TicketsUnavailableError
from ticket_export.infrastructure.persistence.database.errors import may_pass, name_shortage, reached_limit


def errors_of(dialect: Dialect) -> tuple[type[Exception], ...]:
    """What SQLAlchemy raises, and the driver where a reader speaks to it directly.

    The driver is the one that the engine has loaded, so that none has to be installed for another's sake.
    """
    return SQLAlchemyError, dialect.loaded_dbapi.Error


@contextmanager
def read_errors(dialect: Dialect) -> Iterator[None]:
    """Raise `TicketSourceError` for what the database raises in the block; its own text is only the cause.

    For what may pass, such as a connection that is lost, it is a `TicketsUnavailableError`. A time limit of the
    database is named.
    """
    try:
        yield
    except errors_of(dialect) as error:
        name_shortage(error)
        limit = reached_limit(error)
        ended = f"The tickets could not be read: the database's time limit ({limit}) ended the query."
        if may_pass(error):
            away = "The tickets could not be read: their database was away or busy."
            raise TicketsUnavailableError(ended if limit else away) from error
        raise TicketSourceError(ended if limit else "The tickets could not be read from the database.") from error
