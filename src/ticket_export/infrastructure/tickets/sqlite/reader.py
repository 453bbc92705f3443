"""Rows of one read transaction as CSV, for databases that have no COPY."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias

import attrs
from sqlalchemy import Connection, Float, Integer, Select
from sqlalchemy.engine.interfaces import DBAPICursor

from ticket_export.application.csv_format import Cell, CsvFormat, encode_rows
from ticket_export.application.number_text import written_number
from ticket_export.application.ports.ticket_source import CsvBlock, SupportsInterrupt, TicketReader
from ticket_export.application.view.ticket_column import ColumnKind
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.tickets.block_size import BLOCK_BYTES
from ticket_export.infrastructure.tickets.catalog import TicketCatalog
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.sql_functions import declared_type, scale_of
from ticket_export.infrastructure.tickets.sqlite.snapshot import begin_snapshot, reading_any_bytes
from ticket_export.infrastructure.tickets.ticket_select import count_tickets, select_tickets

WriteNumber: TypeAlias = Callable[[Any], Cell]

#: The most rows of a block: enough that the calls between blocks do not count.
BLOCK_ROWS = 1000
# How many the first has, of which nobody knows yet how long they are; and from how many bytes on there were too many.
_FIRST_ROWS = 16
_HEAVY = 4 * BLOCK_BYTES


@contextmanager
def row_stream_reader(
    connection: Connection,
    catalog: TicketCatalog,
    query: TicketQuery,
    csv_format: CsvFormat,
    patience: timedelta,  # noqa: ARG001 - a snapshot of SQLite keeps nobody from writing
) -> Iterator[RowStreamReader]:
    """A reader on a snapshot that it begins on `connection` and that ends with the connection."""
    with read_errors(connection.dialect):
        driver = begin_snapshot(connection)
    reader = RowStreamReader(
        connection,
        count_query=count_tickets(catalog, query),
        rows_query=select_tickets(catalog, query),
        written_numbers=_written_numbers(catalog, query),
        formula_guard=csv_format.formula_guard,
    )
    try:
        with reading_any_bytes(driver):
            # What the block raises is none of this source's business, even where it is a database's error.
            yield reader
    finally:
        reader.close()


@attrs.define
class RowStreamReader(TicketReader, SupportsInterrupt):
    """Counts and reads inside the transaction that `connection` has open."""

    connection: Connection
    count_query: Select[int]
    rows_query: Select[Any]
    written_numbers: Sequence[tuple[int, WriteNumber]]
    formula_guard: bool
    _reading: Generator[CsvBlock] | None = None

    def count(self) -> int:
        """How many rows there are."""
        with read_errors(self.connection.dialect):
            return self.connection.execute(self.count_query).scalar_one()

    def blocks(self) -> Iterator[CsvBlock]:
        """All rows, in order, a thousand at a time, or fewer if they are long."""
        self._reading = self._read()
        return self._reading

    def close(self) -> None:
        """End a statement that was not read to its end, which would keep the pool's next user from much."""
        if self._reading:
            self._reading.close()

    def _read(self) -> Generator[CsvBlock]:
        with read_errors(self.connection.dialect), self.connection.execute(self.rows_query) as result:
            # Every cell is text, number or NULL already, so the driver's own tuples are encoded; SQLAlchemy's
            # rows would cost as much as the reading.
            cursor: DBAPICursor = result.cursor  # None only for a statement that gives no rows
            at_once = min(_FIRST_ROWS, BLOCK_ROWS)
            while rows := cursor.fetchmany(at_once):
                data = encode_rows(self._written(rows), formula_guard=self.formula_guard)
                yield CsvBlock(data, len(rows))
                at_once = _next_rows(at_once, len(data))

    def _written(self, rows: Sequence[Sequence[Cell]]) -> Sequence[Sequence[Cell]]:
        if not self.written_numbers:
            return rows
        columns: list[Sequence[Cell]] = list(zip(*rows, strict=True))
        for place, write in self.written_numbers:
            columns[place] = list(map(write, columns[place]))
        return list(zip(*columns, strict=True))

    def interrupt(self) -> None:
        """See `SupportsInterrupt.interrupt`."""
        driver = self.connection.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            driver.interrupt()


def _written_numbers(catalog: TicketCatalog, query: TicketQuery) -> list[tuple[int, WriteNumber]]:
    """The places of the numbers that SQLite would show in another way than other databases, and how to write them."""
    found: list[tuple[int, WriteNumber]] = []
    for place, column in enumerate(query.columns):
        declared = declared_type(catalog.expression(column))
        if column.kind is ColumnKind.NUMBER and not isinstance(declared, Integer):
            write = partial(written_number, is_float=isinstance(declared, Float), scale=scale_of(declared))
            found.append((place, write))
    return found


def _next_rows(rows: int, length: int) -> int:
    if length < BLOCK_BYTES:
        return min(2 * rows, BLOCK_ROWS)
    return rows // 2 if length > _HEAVY and rows > 1 else rows
