"""Rows of one read transaction as CSV, for databases that have no COPY."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import Connection, Select

from ticket_export.application.csv_format import encode_rows
from ticket_export.application.ports.ticket_source import CsvBlock
from ticket_export.infrastructure.tickets.read_errors import read_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine.interfaces import DBAPICursor

#: Rows in a block: enough that the calls between blocks do not count, few enough to stay small.
BLOCK_ROWS = 1000


@attrs.frozen
class RowStreamReader:
    """Counts and reads inside the transaction that `connection` has open."""

    connection: Connection
    count_query: Select[int]
    rows_query: Select[Any]
    formula_guard: bool

    def count(self) -> int:
        """How many rows there are."""
        with read_errors():
            return self.connection.execute(self.count_query).scalar_one()

    def blocks(self) -> Iterator[CsvBlock]:
        """All rows, in order, a thousand at a time."""
        with read_errors(), self.connection.execute(self.rows_query) as result:
            # Every cell is text, number or NULL already, so the driver's own tuples are encoded as they
            # are; SQLAlchemy's rows would cost as much as the reading.
            cursor: DBAPICursor = result.cursor  # None only for a statement that gives no rows
            while rows := cursor.fetchmany(BLOCK_ROWS):
                yield CsvBlock(encode_rows(rows, formula_guard=self.formula_guard), len(rows))

    def interrupt(self) -> None:
        """See `SupportsInterrupt.interrupt`."""
        driver = self.connection.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            driver.interrupt()
