"""Reads the rows of one transaction and encodes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, timedelta
from typing import Any

import attrs
from sqlalchemy import Connection, Integer, Select
from sqlalchemy.engine.interfaces import DBAPICursor

from ticket_export.application.formats.csv_format import CsvFormat, encode_rows
from ticket_export.application.ports.file_format import Cell, FileFormat, RowBlock
from ticket_export.application.view.ticket_column import ColumnKind
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.tickets.block_reader import BLOCK_BYTES, BlockReader
from ticket_export.infrastructure.tickets.catalog import TicketCatalog
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.row_rule import VisibleRows
from ticket_export.infrastructure.tickets.sql_types import underlying
from ticket_export.infrastructure.tickets.sqlite import spellings  # noqa: F401 - registers them
from ticket_export.infrastructure.tickets.sqlite.snapshot import begin_snapshot, reading_any_bytes
from ticket_export.infrastructure.tickets.ticket_select import select_tickets
from ticket_export.infrastructure.tickets.typed_cells import TypedCells, number_reader

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
    file_format: FileFormat,
    patience: timedelta,  # noqa: ARG001 - a snapshot of SQLite does not keep others from writing
) -> Iterator[RowStreamReader]:
    """Begin a snapshot on `connection` and yield a reader of it; the snapshot ends with the connection."""
    with read_errors(connection.dialect):
        driver = begin_snapshot(connection)
    reader = RowStreamReader(connection=connection, catalog=catalog, query=query, rows=rows, file_format=file_format)
    try:
        with reading_any_bytes(driver):
            # Errors that the block raises pass unchanged, even a database's.
            yield reader
    finally:
        reader.close()


class RowStreamReader(BlockReader):
    """Reads the driver's rows; a block has a thousand of them, or fewer if they are long."""

    def read(self) -> Generator[RowBlock]:
        """Execute the SELECT and yield its rows in blocks."""
        query, encode = self._spelling()
        with read_errors(self.connection.dialect), self.connection.execute(query) as result:
            # Every cell is text, number or NULL already, so the driver's own tuples are encoded; SQLAlchemy's
            # rows would cost as much as the reading.
            cursor: DBAPICursor = result.cursor  # None only for a statement that returns no rows
            at_once = min(_FIRST_ROWS, BLOCK_ROWS)
            while rows := cursor.fetchmany(at_once):
                data = encode(rows)
                yield RowBlock(data, len(rows))
                at_once = _next_rows(at_once, len(data))

    def _spelling(self) -> tuple[Select[Any], Callable[[Sequence[Sequence[Any]]], bytes]]:
        """The SELECT for the format, and what makes bytes of its rows."""
        file_format = self.file_format
        if isinstance(file_format, CsvFormat):
            write_numbers = _WrittenNumbers(self.catalog, self.query)
            return select_tickets(self.catalog, self.query, self.rows), lambda rows: encode_rows(
                write_numbers(rows), delimiter=file_format.delimiter, formula_guard=file_format.formula_guard
            )
        in_utc = attrs.evolve(self.query, time_zone=UTC)
        typed = TypedCells(self.catalog, self.query)
        return select_tickets(self.catalog, in_utc, self.rows), lambda rows: file_format.rows(
            self.query.columns, typed(rows)
        )

    def interrupt(self) -> None:
        """Interrupt the running statement."""
        driver = self.connection.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            driver.interrupt()


class _WrittenNumbers:
    """Converts the numbers that SQLite shows in another way than PostgreSQL."""

    def __init__(self, catalog: TicketCatalog, query: TicketQuery) -> None:
        self._readers = [
            (place, number_reader(catalog, column))
            for place, column in enumerate(query.columns)
            if column.kind is ColumnKind.NUMBER and not isinstance(underlying(catalog.expression(column).type), Integer)
        ]

    def __call__(self, rows: Sequence[Sequence[Cell]]) -> Sequence[Sequence[Cell]]:
        if not self._readers:
            return rows
        columns: list[Sequence[Cell]] = list(zip(*rows, strict=True))
        for place, read in self._readers:
            columns[place] = [None if cell is None else read(cell) for cell in columns[place]]
        return list(zip(*columns, strict=True))


def _next_rows(rows: int, length: int) -> int:
    if length < BLOCK_BYTES:
        return min(2 * rows, BLOCK_ROWS)
    return rows // 2 if length > _HEAVY and rows > 1 else rows
