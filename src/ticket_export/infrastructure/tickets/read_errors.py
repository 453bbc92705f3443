"""A database's errors, as the failure of an export that a user may read."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ticket_export.errors import TicketSourceError
from ticket_export.infrastructure.persistence.driver_errors import DATABASE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def read_errors() -> Iterator[None]:
    """Raise `TicketSourceError` for what the database raises in the block; its own text is only the cause."""
    try:
        yield
    except DATABASE_ERRORS as error:
        raise TicketSourceError("The tickets could not be read from the database.") from error
