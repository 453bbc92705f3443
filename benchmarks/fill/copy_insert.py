"""Inserts very many rows into PostgreSQL with COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

from benchmarks.fill.copy_text import cell_writer

if TYPE_CHECKING:
    import psycopg

_BATCH_SIZE = 10_000


class CopyInsert:
    """Inserts tuples of Python values into the columns with these keys.

    It stores what `BulkInsert` stores. Indexes and foreign keys are kept up to date.
    """

    def __init__(self, connection: Connection, table: Table, keys: Sequence[str]) -> None:
        self._connection = connection
        columns = [table.c[key] for key in keys]
        preparer = connection.dialect.identifier_preparer
        names = ", ".join(preparer.quote(column.name) for column in columns)
        self._statement = f"COPY {preparer.format_table(table)} ({names}) FROM STDIN (ENCODING 'UTF8')"
        self._writers = [cell_writer(column.type) for column in columns]

    def __call__(self, rows: Iterable[Sequence[object]]) -> Iterator[int]:
        """Insert `rows` in batches; yield the number of rows after each batch.

        Raises:
            sqlalchemy.exc.DBAPIError: the database refused a row, or is gone.
        """
        remaining = iter(rows)
        # While the server checks a batch's foreign keys, a thread makes the next batch.
        with ThreadPoolExecutor(max_workers=1) as ahead:
            coming = ahead.submit(self._next_batch, remaining)
            while batch := coming.result():
                coming = ahead.submit(self._next_batch, remaining)
                self._copy("".join(batch).encode())
                yield len(batch)

    def _next_batch(self, rows: Iterator[Sequence[object]]) -> list[str]:
        writers = self._writers
        return [
            "\t".join([write(value) for write, value in zip(writers, row, strict=True)]) + "\n"
            for row in islice(rows, _BATCH_SIZE)
        ]

    def _copy(self, lines: bytes) -> None:
        driver = cast("psycopg.Connection[Any]", self._connection.connection.driver_connection)
        with self._as_sqlalchemy_raises(), driver.cursor() as cursor, cursor.copy(self._statement) as copy:
            copy.write(lines)

    @contextmanager
    def _as_sqlalchemy_raises(self) -> Iterator[None]:
        dialect = self._connection.dialect
        driver_error = dialect.loaded_dbapi.Error
        try:
            yield
        except driver_error as error:
            raise DBAPIError.instance(self._statement, None, error, driver_error, dialect=dialect) from error
