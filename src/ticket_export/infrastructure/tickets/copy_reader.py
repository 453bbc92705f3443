"""Rows that PostgreSQL writes as CSV itself: one COPY in the transaction of the count."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import Connection, Select, String, Text, func

from ticket_export.application.guarded_records import guard_records
from ticket_export.application.ports.ticket_source import CsvBlock
from ticket_export.application.ticket_column import ColumnKind
from ticket_export.infrastructure.tickets import postgresql_spellings  # noqa: F401 - registers them
from ticket_export.infrastructure.tickets.block_size import BLOCK_BYTES
from ticket_export.infrastructure.tickets.copy_blocks import copy_blocks
from ticket_export.infrastructure.tickets.copy_statement import copy_statement
from ticket_export.infrastructure.tickets.postgresql_snapshot import begin_snapshot, driver_connection, end_snapshot
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.ticket_select import count_tickets, select_tickets, zone_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_export.application.csv_format import CsvFormat
    from ticket_export.application.ticket_column import TicketColumn
    from ticket_export.application.ticket_query import TicketQuery
    from ticket_export.infrastructure.tickets.catalog import Expression, TicketCatalog
    from ticket_export.infrastructure.tickets.copy_blocks import Record

# How long the server may take to hear of an interrupt, in seconds; whoever interrupts tries again.
_INTERRUPT_TIMEOUT = 5


@contextmanager
def copy_reader(
    connection: Connection, catalog: TicketCatalog, query: TicketQuery, csv_format: CsvFormat
) -> Iterator[CopyReader]:
    """A reader on a snapshot that it begins on `connection`; both end with the block."""
    try:
        with read_errors(connection.dialect):
            begin_snapshot(connection, zone_name(query))
        reader = CopyReader(
            connection=connection,
            count_query=count_tickets(catalog, query),
            rows_query=select_tickets(catalog, query, finish=_without_empty_texts),
            is_single=len(query.columns) == 1,
            guard=_guard(catalog, query) if csv_format.formula_guard else None,
        )
        try:
            # What the block raises is none of this source's business, even where it is a database's error.
            yield reader
        finally:
            reader.close()
    finally:
        end_snapshot(connection)


@attrs.define(kw_only=True)
class CopyReader:
    """Counts and reads inside the transaction that `connection` has open."""

    connection: Connection
    count_query: Select[int]
    rows_query: Select[Any]
    is_single: bool
    guard: Callable[[bytes], bytes] | None
    _reading: Generator[CsvBlock] | None = None

    def count(self) -> int:
        """How many rows there are."""
        with read_errors(self.connection.dialect):
            return self.connection.execute(self.count_query).scalar_one()

    def blocks(self) -> Iterator[CsvBlock]:
        """All rows, in order, some 128 KiB at a time."""
        self._reading = self._read()
        return self._reading

    def interrupt(self) -> None:
        """See `SupportsInterrupt.interrupt`."""
        # After the block the connection may be somebody else's.
        if not self.connection.closed:
            driver_connection(self.connection).cancel_safe(timeout=_INTERRUPT_TIMEOUT)

    def close(self) -> None:
        """Stop a COPY that was not read to its end, which the server would otherwise go on to send."""
        if self._reading:
            self._reading.close()

    def _read(self) -> Generator[CsvBlock]:
        with read_errors(self.connection.dialect):
            statement, values = copy_statement(self.rows_query, self.connection)
            driver = driver_connection(self.connection)
            with driver.cursor() as cursor, cursor.copy(statement, values) as copy:
                yield from copy_blocks(
                    copy,
                    driver.pgconn,
                    size=BLOCK_BYTES,
                    rewrite=_single if self.is_single else None,
                    finish=self.guard or bytes,
                )


def _without_empty_texts(column: TicketColumn, cell: Expression) -> Expression:
    # COPY tells an empty text from NULL by quotes, which the file must not. No collation takes other texts for empty.
    return func.nullif(cell.collate("C"), "", type_=Text()) if _is_text(column, cell) else cell


def _guard(catalog: TicketCatalog, query: TicketQuery) -> Callable[[bytes], bytes]:
    return partial(guard_records, is_text=[_is_text(column, catalog.expression(column)) for column in query.columns])


def _is_text(column: TicketColumn, cell: Expression) -> bool:
    # A host may call a column of texts one of numbers.
    return column.is_text or (column.kind is ColumnKind.NUMBER and isinstance(cell.type, String))


def _single(record: Record) -> Record:
    return _ALONE.get(bytes(record), record)


# What COPY writes of one cell alone, and what the file has instead: a line that is empty would be read as no record,
# and the end of a COPY FROM, as older servers quote it, is a text like any other.
_ALONE: dict[bytes, Record] = {b"\n": b'""\n', b'"\\."\n': b"\\.\n"}
