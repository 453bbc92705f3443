"""Reads rows that PostgreSQL itself writes: one COPY in the transaction of the count."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from itertools import islice

import attrs
from sqlalchemy import Connection

from ticket_export.application.ports.file_format import FileFormat, RowBlock
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.persistence.database.answer_watch import answered_in_time, cut
from ticket_export.infrastructure.tickets.block_reader import BLOCK_BYTES, BlockReader
from ticket_export.infrastructure.tickets.catalog import TicketCatalog
from ticket_export.infrastructure.tickets.postgresql import spellings  # noqa: F401 - registers them
from ticket_export.infrastructure.tickets.postgresql.copy_blocks import copy_blocks
from ticket_export.infrastructure.tickets.postgresql.copy_statement import copy_statement
from ticket_export.infrastructure.tickets.postgresql.replica import wait_for_replica
from ticket_export.infrastructure.tickets.postgresql.rows.spelling import RowSpelling, Tickets
from ticket_export.infrastructure.tickets.postgresql.rows.spellings import spelled
from ticket_export.infrastructure.tickets.postgresql.snapshot import begin_snapshot, driver_connection, end_snapshot
from ticket_export.infrastructure.tickets.postgresql.stored_catalog import catalog_as_stored
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.row_rule import VisibleRows
from ticket_export.infrastructure.tickets.ticket_select import select_tickets
from ticket_export.infrastructure.tickets.typed_cells import TypedCells

# Seconds for the request that cancels a statement; the caller tries again.
_INTERRUPT_TIMEOUT = 5
_BLOCK_ROWS = 1000


@contextmanager
def copy_reader(
    connection: Connection,
    catalog: TicketCatalog,
    query: TicketQuery,
    rows: VisibleRows,
    file_format: FileFormat,
    patience: timedelta,
) -> Iterator[CopyReader]:
    """Begin a snapshot on `connection` and yield a reader of it; both end with the block."""
    try:
        with read_errors(connection.dialect), answered_in_time(connection):
            wait_for_replica(connection, query.as_of)
            begin_snapshot(connection, patience)
        reader = CopyReader(connection=connection, catalog=catalog, query=query, rows=rows, file_format=file_format)
        try:
            # Errors that the block raises pass unchanged, even a database's.
            yield reader
        finally:
            with answered_in_time(connection):
                reader.close()
    finally:
        end_snapshot(connection)


class CopyReader(BlockReader):
    """Reads the output of a COPY."""

    def interrupt(self) -> None:
        """Cancel the running statement."""
        # After the end of the snapshot the connection may belong to somebody else.
        if self.connection.closed:
            return
        driver = driver_connection(self.connection)
        try:
            driver.cancel_safe(timeout=_INTERRUPT_TIMEOUT)
        except BaseException:
            # The server cannot be reached; the thread that waits for it gets an error instead of an answer.
            cut(driver)
            raise

    def catalog_as_stored(self) -> TicketCatalog:
        """The catalog with the types that the database stores."""
        # Not before it is needed: it may wait for a lock, and only a reader can be interrupted.
        return catalog_as_stored(self.connection, self.catalog)

    def read(self) -> Generator[RowBlock]:
        """Execute the COPY and yield its rows in blocks."""
        with read_errors(self.connection.dialect):
            tickets = Tickets(catalog=self.catalog_as_stored(), query=self.query, rows=self.rows, shown=self._shown)
            spelling = spelled(self.file_format, tickets)
            yield from self._copied(spelling) if spelling else self._rows_in_python(tickets)

    def _copied(self, spelling: RowSpelling) -> Generator[RowBlock]:
        statement, values = copy_statement(spelling.select, self.connection, spelling.copy_options)
        driver = driver_connection(self.connection)
        with driver.cursor() as cursor, cursor.copy(statement, values) as copy:
            yield from copy_blocks(copy, driver.pgconn, spelling, size=BLOCK_BYTES)

    def _rows_in_python(self, tickets: Tickets) -> Generator[RowBlock]:
        in_utc = attrs.evolve(self.query, time_zone=UTC)
        rows_query = select_tickets(tickets.catalog, in_utc, self.rows, shown=self._shown)
        statement, values = copy_statement(rows_query, self.connection, "FORMAT text")
        typed = TypedCells(tickets.catalog, self.query)
        with driver_connection(self.connection).cursor() as cursor, cursor.copy(statement, values) as copy:
            rows = copy.rows()
            while block := list(islice(rows, _BLOCK_ROWS)):
                yield RowBlock(self.file_format.rows(self.query.columns, typed(block)), len(block))
