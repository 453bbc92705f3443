"""Reads rows that PostgreSQL itself writes as CSV: one COPY in the transaction of the count."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from functools import partial
from itertools import islice

import attrs
from sqlalchemy import Connection, Text, func

from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.guarded_records import guard_records
from ticket_export.application.ports.file_format import FileFormat, RowBlock
from ticket_export.application.view.ticket_column import IdType, TicketColumn
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.persistence.database.answer_watch import answered_in_time, cut
from ticket_export.infrastructure.tickets.block_reader import BLOCK_BYTES, BlockReader
from ticket_export.infrastructure.tickets.catalog import Expression, TicketCatalog
from ticket_export.infrastructure.tickets.postgresql import spellings  # noqa: F401 - registers them
from ticket_export.infrastructure.tickets.postgresql.copy_blocks import Record, copy_blocks
from ticket_export.infrastructure.tickets.postgresql.copy_statement import copy_statement
from ticket_export.infrastructure.tickets.postgresql.replica import wait_for_replica
from ticket_export.infrastructure.tickets.postgresql.snapshot import begin_snapshot, driver_connection, end_snapshot
from ticket_export.infrastructure.tickets.postgresql.stored_catalog import catalog_as_stored
from ticket_export.infrastructure.tickets.postgresql.zones import unabbreviated
from ticket_export.infrastructure.tickets.read_errors import read_errors
from ticket_export.infrastructure.tickets.row_rule import VisibleRows
from ticket_export.infrastructure.tickets.ticket_select import select_tickets
from ticket_export.infrastructure.tickets.typed_cells import TypedCells

# Seconds for the request that cancels a statement; the caller tries again.
_INTERRUPT_TIMEOUT = 5
_BLOCK_ROWS = 1000
_ESCAPES = {"\t": "\\t"}


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
            if isinstance(self.file_format, CsvFormat):
                yield from self._csv(self.file_format)
            else:
                yield from self._rows_in_python()

    def _csv(self, csv_format: CsvFormat) -> Generator[RowBlock]:
        query = attrs.evolve(self.query, time_zone=unabbreviated(self.query.time_zone))
        rows_query = select_tickets(self.catalog_as_stored(), query, self.rows, finish=_without_empty_texts)
        copy_options = f"FORMAT csv, DELIMITER E'{_ESCAPES.get(csv_format.delimiter, csv_format.delimiter)}'"
        statement, values = copy_statement(rows_query, self.connection, copy_options)
        driver = driver_connection(self.connection)
        rewrite = _single if len(self.query.columns) == 1 else None
        finish = self._guard(csv_format)
        with driver.cursor() as cursor, cursor.copy(statement, values) as copy:
            yield from copy_blocks(copy, driver.pgconn, size=BLOCK_BYTES, rewrite=rewrite, finish=finish)

    def _rows_in_python(self) -> Generator[RowBlock]:
        catalog = self.catalog_as_stored()
        rows_query = select_tickets(catalog, attrs.evolve(self.query, time_zone=UTC), self.rows)
        statement, values = copy_statement(rows_query, self.connection, "FORMAT text")
        typed = TypedCells(catalog, self.query)
        with driver_connection(self.connection).cursor() as cursor, cursor.copy(statement, values) as copy:
            rows = copy.rows()
            while block := list(islice(rows, _BLOCK_ROWS)):
                yield RowBlock(self.file_format.rows(self.query.columns, typed(block)), len(block))

    def _guard(self, csv_format: CsvFormat) -> Callable[[bytes], bytes]:
        if not csv_format.formula_guard:
            return bytes
        # A column of UUIDs may be stored as text, and then it may hold any text.
        is_text = [column.is_text or column.id_type is IdType.UUID for column in self.query.columns]
        return partial(guard_records, is_text=is_text, delimiter=csv_format.delimiter)


def _without_empty_texts(column: TicketColumn, cell: Expression) -> Expression:
    # COPY quotes an empty text to distinguish it from NULL; the file must not. In every collation only "" equals "".
    return func.nullif(cell.collate("C"), "", type_=Text()) if column.is_text else cell


def _single(record: Record) -> Record:
    return _ALONE.get(bytes(record), record)


# Records of a single cell as COPY writes them, and as the file has them. An empty line would be read as no record. The
# end mark of a COPY FROM, which older servers quote, is a text as any other.
_ALONE: dict[bytes, Record] = {b"\n": b'""\n', b'"\\."\n': b"\\.\n"}
