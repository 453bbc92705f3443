"""Tickets from a database that SQLAlchemy reaches."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import attrs
from sqlalchemy import Connection, Engine

from ticket_export.errors import UnsupportedDialectError
from ticket_export.infrastructure.persistence.engine import connected
from ticket_export.infrastructure.tickets.catalog import TicketCatalog
from ticket_export.infrastructure.tickets.copy_reader import copy_reader
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.row_stream_reader import row_stream_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from ticket_export.application.csv_format import CsvFormat
    from ticket_export.application.ports.ticket_source import TicketReader
    from ticket_export.application.ticket_column import TicketColumns
    from ticket_export.application.ticket_query import TicketQuery

    # Begins a transaction on the connection and reads in it.
    OpenReader: TypeAlias = Callable[
        [Connection, TicketCatalog, TicketQuery, CsvFormat], AbstractContextManager[TicketReader]
    ]

_READERS: dict[str, OpenReader] = {"postgresql": copy_reader, "sqlite": row_stream_reader}


@attrs.frozen
class SqlAlchemyTicketSource:
    """Reads a catalog's tickets through `engine`, each export in one read transaction."""

    engine: Engine
    catalog: TicketCatalog

    @property
    def columns(self) -> TicketColumns:
        """What the catalog offers."""
        return self.catalog.describe()

    @contextmanager
    def open(self, query: TicketQuery, csv_format: CsvFormat) -> Iterator[TicketReader]:
        """A reader on one snapshot; the snapshot ends with the block.

        Raises:
            TicketSourceError: the database failed.
            UnsupportedDialectError: the engine's database, its release or its driver is none that the library can read.
            ConfigurationError: the SQLite database is not in WAL mode.
        """
        with read_errors(self.engine.dialect):
            connection = connected(self.engine)
        with connection:
            name = connection.dialect.name
            if name not in _READERS:
                raise UnsupportedDialectError(f"tickets cannot be read from {name}; only from PostgreSQL and SQLite")
            with _READERS[name](connection, self.catalog, query, csv_format) as reader:
                yield reader
