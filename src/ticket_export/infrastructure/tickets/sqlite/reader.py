"""Reads the rows of one transaction and encodes them as CSV."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import Connection, Float, Integer
from sqlalchemy.engine.interfaces import DBAPICursor

from ticket_export.application.csv_format import Cell, CsvFormat, encode_rows
from ticket_export.application.number_text import written_number
from ticket_export.application.ports.ticket_source import CsvBlock
from ticket_export.application.view.ticket_column import ColumnKind
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.tickets.block_reader import BLOCK_BYTES, BlockReader
from ticket_export.infrastructure.tickets.catalog import TicketCatalog
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.row_rule import VisibleRows
from ticket_export.infrastructure.tickets.sql_types import scale_of, underlying
from ticket_export.infrastructure.tickets.sqlite import spellings  # noqa: F401 - registers them
from ticket_export.infrastructure.tickets.sqlite.snapshot import begin_snapshot, reading_any_bytes
from ticket_export.infrastructure.tickets.ticket_select import select_tickets

WriteNumber: TypeAlias = Callable[[Any], Cell]

#: The most rows of a block: enough that the calls between blocks do not count.
BLOCK_ROWS = 1000
# The rows of the first block, whose length is not known yet.
_FIRST_ROWS = 16
# A block of more bytes than this had too many rows.
_HEAVY = 4 * BLOCK_BYTES


@contextmanager
def row_stream_reader(
    connection: Connection,
    catalog: TicketCatalog,
    query: TicketQuery,
    rows: VisibleRows,
    csv_format: CsvFormat,
    patience: timedelta,  # noqa: ARG001 - a snapshot of SQLite does not keep others from writing
) -> Iterator[RowStreamReader]:
    """Begin a snapshot on `connection` and yield a reader of it; the snapshot ends with the connection."""
    with read_errors(connection.dialect):
        driver = begin_snapshot(connection)
    reader = RowStreamReader(connection=connection, catalog=catalog, query=query, rows=rows, csv_format=csv_format)
    try:
        with reading_any_bytes(driver):
            # Errors that the block raises pass unchanged, even a database's.
            yield reader
    finally:
        reader.close()


class RowStreamReader(BlockReader):
    """Reads the driver's rows; a block has a thousand of them, or fewer if they are long."""

    def read(self) -> Generator[CsvBlock]:
        """Execute the SELECT and yield its rows in blocks."""
        rows_query = select_tickets(self.catalog, self.query, self.rows)
        written_numbers = _written_numbers(self.catalog, self.query)
        with read_errors(self.connection.dialect), self.connection.execute(rows_query) as result:
            # Every cell is text, number or NULL already, so the driver's own tuples are encoded; SQLAlchemy's
            # rows would cost as much as the reading.
            cursor: DBAPICursor = result.cursor  # None only for a statement that returns no rows
            at_once = min(_FIRST_ROWS, BLOCK_ROWS)
            while rows := cursor.fetchmany(at_once):
                cells = _with_written_numbers(rows, written_numbers)
                data = encode_rows(cells, formula_guard=self.csv_format.formula_guard)
                yield CsvBlock(data, len(rows))
                at_once = _next_rows(at_once, len(data))

    def interrupt(self) -> None:
        """Interrupt the running statement."""
        driver = self.connection.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            driver.interrupt()


def _with_written_numbers(
    rows: Sequence[Sequence[Cell]], written_numbers: Sequence[tuple[int, WriteNumber]]
) -> Sequence[Sequence[Cell]]:
    if not written_numbers:
        return rows
    columns: list[Sequence[Cell]] = list(zip(*rows, strict=True))
    for place, write in written_numbers:
        columns[place] = list(map(write, columns[place]))
    return list(zip(*columns, strict=True))


def _written_numbers(catalog: TicketCatalog, query: TicketQuery) -> list[tuple[int, WriteNumber]]:
    """The places of the numbers that SQLite shows in another way than PostgreSQL, and the functions that write them."""
    found: list[tuple[int, WriteNumber]] = []
    for place, column in enumerate(query.columns):
        declared = underlying(catalog.expression(column).type)
        if column.kind is ColumnKind.NUMBER and not isinstance(declared, Integer):
            write = partial(written_number, is_float=isinstance(declared, Float), scale=scale_of(declared))
            found.append((place, write))
    return found


def _next_rows(rows: int, length: int) -> int:
    if length < BLOCK_BYTES:
        return min(2 * rows, BLOCK_ROWS)
    return rows // 2 if length > _HEAVY and rows > 1 else rows
