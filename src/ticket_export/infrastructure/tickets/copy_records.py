"""The records of a running COPY, fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Copy
    from psycopg.pq.abc import PGconn


def copy_records(copy: Copy, pgconn: PGconn) -> Iterator[bytes | bytearray | memoryview]:
    """What ``iter(copy)`` gives, at a quarter of its price.

    psycopg's own loop enters its event machinery for every record, which takes longer than the server needs to
    make one. Here it only waits for more; what libpq has received already is taken straight from there.

    Raises:
        psycopg.Error: the server or the connection failed.
    """
    while record := copy.read():
        size = len(record)
        while size > 0:
            yield record
            # Its first argument keeps it from waiting: 0 is "not yet", -1 the end.
            size, record = pgconn.get_copy_data(1)
        if size < 0:
            _end(pgconn)
            return


def _end(pgconn: PGconn) -> None:
    # psycopg would do so, had it seen the end itself.
    from psycopg import errors

    failed = None
    while (result := pgconn.get_result()) is not None:
        if result.error_message:
            failed = errors.error_from_result(result, encoding="utf-8")
    if failed:
        raise failed
