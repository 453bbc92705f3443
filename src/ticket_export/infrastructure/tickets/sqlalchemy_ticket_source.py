"""Tickets from a database that SQLAlchemy reaches."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs
from sqlalchemy import Connection, Engine

from ticket_export.errors import ConfigurationError, UnsupportedDialectError
from ticket_export.infrastructure.tickets.catalog import TicketCatalog
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.row_stream_reader import RowStreamReader
from ticket_export.infrastructure.tickets.sqlite_functions import register_functions
from ticket_export.infrastructure.tickets.ticket_select import count_tickets, select_tickets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_export.application.csv_format import CsvFormat
    from ticket_export.application.ports.ticket_source import TicketReader
    from ticket_export.application.ticket_column import TicketColumns
    from ticket_export.application.ticket_query import TicketQuery


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
            UnsupportedDialectError: the engine's database is none that the library can read.
            ConfigurationError: the SQLite database is not in WAL mode.
        """
        with read_errors():
            connection = self.engine.connect()
        with connection:
            with read_errors():
                _begin_snapshot(connection)
            # What the block raises is none of this source's business, even where it is a database's error.
            yield RowStreamReader(
                connection,
                count_query=count_tickets(self.catalog, query),
                rows_query=select_tickets(self.catalog, query),
                formula_guard=csv_format.formula_guard,
            )


def _begin_snapshot(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise UnsupportedDialectError(f"tickets cannot be read from {connection.dialect.name} yet")
    _require_wal(driver)
    register_functions(driver)
    connection.begin()
    # Python's driver by itself begins a transaction only before it writes; without one, the count
    # and the rows would each see their own moment.
    if not driver.in_transaction:
        connection.exec_driver_sql("BEGIN")


def _require_wal(driver: sqlite3.Connection) -> None:
    # In SQLite's other modes whoever reads keeps everybody from writing: the host its tickets, and
    # the export its own progress, until one of them gives up.
    (mode,) = driver.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        raise ConfigurationError(
            f"the SQLite database is in {mode!r} mode, in which an export would keep everybody from writing; "
            "take the engine from ticket_export's create_engine, or switch the file once with PRAGMA journal_mode = WAL"
        )
