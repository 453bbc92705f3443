"""Rows that PostgreSQL writes as CSV itself: one COPY in the transaction of the count."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import attrs
from sqlalchemy import Connection, Text, func

from ticket_export.application.csv_format import CsvFormat
from ticket_export.application.guarded_records import guard_records
from ticket_export.application.ports.ticket_source import CsvBlock, SupportsInterrupt, TicketReader
from ticket_export.application.view.ticket_column import IdType, TicketColumn
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.persistence.database.answer_watch import answered_in_time, cut
from ticket_export.infrastructure.tickets.block_size import BLOCK_BYTES
from ticket_export.infrastructure.tickets.catalog import Expression, TicketCatalog
from ticket_export.infrastructure.tickets.postgresql import spellings  # noqa: F401 - registers them
from ticket_export.infrastructure.tickets.postgresql.copy_blocks import Record, copy_blocks
from ticket_export.infrastructure.tickets.postgresql.copy_statement import copy_statement
from ticket_export.infrastructure.tickets.postgresql.snapshot import begin_snapshot, driver_connection, end_snapshot
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.stored_types import catalog_as_stored
from ticket_export.infrastructure.tickets.ticket_select import count_tickets, select_tickets, zone_name

# How long the server may take to hear of an interrupt, in seconds; whoever interrupts tries again.
_INTERRUPT_TIMEOUT = 5


@contextmanager
def copy_reader(
    connection: Connection, catalog: TicketCatalog, query: TicketQuery, csv_format: CsvFormat, patience: timedelta
) -> Iterator[CopyReader]:
    """A reader on a snapshot that it begins on `connection`; both end with the block."""
    try:
        with read_errors(connection.dialect), answered_in_time(connection):
            begin_snapshot(connection, zone_name(query), patience)
        reader = CopyReader(connection=connection, catalog=catalog, query=query, csv_format=csv_format)
        try:
            # What the block raises is none of this source's business, even where it is a database's error.
            yield reader
        finally:
            with answered_in_time(connection):
                reader.close()
    finally:
        end_snapshot(connection)


@attrs.define(kw_only=True)
class CopyReader(TicketReader, SupportsInterrupt):
    """Counts and reads inside the transaction that `connection` has open."""

    connection: Connection
    catalog: TicketCatalog
    query: TicketQuery
    csv_format: CsvFormat
    _reading: Generator[CsvBlock] | None = None

    def count(self) -> int:
        """How many rows there are.

        Raises:
            ConfigurationError: the catalog does not fit the types that the database stores.
        """
        with read_errors(self.connection.dialect):
            return self.connection.execute(count_tickets(self._as_stored(), self.query)).scalar_one()

    def blocks(self) -> Iterator[CsvBlock]:
        """All rows, in order, some 128 KiB at a time."""
        self._reading = self._read()
        return self._reading

    def interrupt(self) -> None:
        """See `SupportsInterrupt.interrupt`."""
        # After the block the connection may be somebody else's.
        if self.connection.closed:
            return
        driver = driver_connection(self.connection)
        try:
            driver.cancel_safe(timeout=_INTERRUPT_TIMEOUT)
        except BaseException:
            # The server cannot be asked; so whoever waits for it gets an error instead of an answer.
            cut(driver)
            raise

    def close(self) -> None:
        """Stop a COPY that was not read to its end, which the server would otherwise go on to send."""
        if self._reading:
            self._reading.close()

    def _read(self) -> Generator[CsvBlock]:
        with read_errors(self.connection.dialect):
            rows_query = select_tickets(self._as_stored(), self.query, finish=_without_empty_texts)
            statement, values = copy_statement(rows_query, self.connection)
            driver = driver_connection(self.connection)
            rewrite = _single if len(self.query.columns) == 1 else None
            with driver.cursor() as cursor, cursor.copy(statement, values) as copy:
                yield from copy_blocks(copy, driver.pgconn, size=BLOCK_BYTES, rewrite=rewrite, finish=self._guard)

    @property
    def _guard(self) -> Callable[[bytes], bytes]:
        if not self.csv_format.formula_guard:
            return bytes
        # A column of UUIDs may be stored as texts, and so hold any.
        is_text = [column.is_text or column.id_type is IdType.UUID for column in self.query.columns]
        return partial(guard_records, is_text=is_text)

    def _as_stored(self) -> TicketCatalog:
        # Asked for no earlier, since it may wait for somebody's lock, and only a reader can be interrupted.
        return catalog_as_stored(self.connection, self.catalog)


def _without_empty_texts(column: TicketColumn, cell: Expression) -> Expression:
    # COPY tells an empty text from NULL by quotes, which the file must not. No collation takes other texts for empty.
    return func.nullif(cell.collate("C"), "", type_=Text()) if column.is_text else cell


def _single(record: Record) -> Record:
    return _ALONE.get(bytes(record), record)


# What COPY writes of one cell alone, and what the file has instead: a line that is empty would be read as no record,
# and the end of a COPY FROM, as older servers quote it, is a text like any other.
_ALONE: dict[bytes, Record] = {b"\n": b'""\n', b'"\\."\n': b"\\.\n"}
