"""Reads the rows of one transaction and encodes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, timedelta
from typing import Any, cast

import attrs
from sqlalchemy import Connection, Integer, Select
from sqlalchemy.engine.interfaces import DBAPICursor

from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.ports.file_format import Cell, FileFormat, RowBlock
from ticket_export.application.view.ticket_column import ColumnKind
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import TicketSourceError
from ticket_export.infrastructure.tickets.block_reader import BLOCK_BYTES, BlockReader
from ticket_export.infrastructure.tickets.catalog import Expression, TicketCatalog
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.row_rule import VisibleRows
from ticket_export.infrastructure.tickets.sql_types import underlying
from ticket_export.infrastructure.tickets.sqlite import spellings  # noqa: F401 - registers them
from ticket_export.infrastructure.tickets.sqlite.snapshot import (
    begin_snapshot,
    is_not_utf8,
    replacing_text,
    text_factory,
)
from ticket_export.infrastructure.tickets.sqlite.usual_moments import (
    all_are_usual,
    shown_moments,
    with_usual_moments,
)
from ticket_export.infrastructure.tickets.ticket_select import count_tickets, select_tickets, shown_tickets
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
        begin_snapshot(connection)
    reader = RowStreamReader(connection=connection, catalog=catalog, query=query, rows=rows, file_format=file_format)
    try:
        # Errors that the block raises pass unchanged, even a database's.
        yield reader
    finally:
        reader.close()


@attrs.define(kw_only=True)
class RowStreamReader(BlockReader):
    """Reads the driver's rows; a block has a thousand of them, or fewer if they are long."""

    _usual: dict[Expression, bool] = attrs.field(factory=dict, init=False)

    def count(self) -> int:
        """The number of rows. The same statement looks at the spelling of the moments."""
        moments = shown_moments(self.catalog, self.query)
        self._shown = shown_tickets(self.catalog, self.query, self.rows)
        counted = count_tickets(self.catalog, self.query, self.rows, shown=self._shown)
        statement = counted.add_columns(*map(all_are_usual, moments))
        with read_errors(self.connection.dialect):
            count, *usual = self.connection.execute(statement).one()
        self._usual = {moment: found != 0 for moment, found in zip(moments, usual, strict=True)}
        return int(count)

    def catalog_as_stored(self) -> TicketCatalog:
        """The catalog with what the count has found out about its moments."""
        return with_usual_moments(self.catalog, self._usual)

    def read(self) -> Generator[RowBlock]:
        """Execute the SELECT and yield its rows in blocks."""
        read = 0
        try:
            for block in self._read(str):
                yield block
                read += block.rows
        except TicketSourceError as error:
            if not is_not_utf8(error.__cause__):
                raise
        else:
            return
        # Making each text in Python takes half as long again, and hardly any database needs it.
        yield from self._read(replacing_text, first=read)

    def _read(self, text: Callable[[bytes], str], *, first: int = 0) -> Generator[RowBlock]:
        rows_query, encode = self._spelling()
        with (
            text_factory(self._driver, text),
            read_errors(self.connection.dialect),
            self.connection.execute(rows_query.offset(first) if first else rows_query) as result,
        ):
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
        # CSV shows a moment as SQL writes it. A subclass with rows of its own gets typed cells, as on PostgreSQL.
        is_csv = type(self.file_format).rows is CsvFormat.rows
        query = self.query if is_csv else attrs.evolve(self.query, time_zone=UTC)
        convert = (_WrittenNumbers if is_csv else TypedCells)(self.catalog, self.query)
        rows_query = select_tickets(self.catalog_as_stored(), query, self.rows, shown=self._shown)
        return rows_query, lambda rows: self.file_format.rows(self.query.columns, convert(rows))

    def interrupt(self) -> None:
        """Interrupt the running statement."""
        self._driver.interrupt()

    @property
    def _driver(self) -> sqlite3.Connection:
        return cast("sqlite3.Connection", self.connection.connection.driver_connection)


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
