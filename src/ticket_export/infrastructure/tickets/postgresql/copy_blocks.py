"""Collects the records of a running COPY in blocks, fast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ticket_export.application.ports.file_format import RowBlock
from ticket_export.infrastructure.tickets.postgresql.rows.spelling import RowSpelling

if TYPE_CHECKING:
    from psycopg import Copy
    from psycopg.pq.abc import PGconn


def copy_blocks(copy: Copy, pgconn: PGconn, spelling: RowSpelling, *, size: int) -> Iterator[RowBlock]:
    """Yield the records of ``iter(copy)``, changed by `spelling`, in blocks made of at least `size` bytes.

    The last block may be shorter.

    The server sends one message for each record, so the messages are counted, not the line feeds:
    https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY

    psycopg's own loop enters its event machinery for every record, which takes longer than the server needs to make a
    record. Here psycopg only waits for more data; records that libpq has received already are read directly from it. No
    record is kept after it is copied: a list of records would leave the processor's cache and double the cost.

    Raises:
        psycopg.Error: the server or the connection failed.
    """
    next_record, rewrite, finish = pgconn.get_copy_data, spelling.rewrite, spelling.finish
    end = None if spelling.end == b"\n" else ord(spelling.end)
    block, rows = bytearray(), 0
    while record := copy.read():
        length = len(record)
        while length > 0:
            block += rewrite(record) if rewrite else record
            if end is not None:
                block[-1] = end
            rows += 1
            # Its argument 1 means: do not wait. 0 means "not yet", -1 the end.
            length, record = next_record(1)
        if len(block) >= size:
            yield RowBlock(finish(bytes(block)), rows)
            block, rows = bytearray(), 0
        if length < 0:
            _end(pgconn)
            break
    if rows:
        yield RowBlock(finish(bytes(block)), rows)


def _end(pgconn: PGconn) -> None:
    # psycopg does this when it sees the end itself.
    from psycopg import errors

    failed = None
    while (result := pgconn.get_result()) is not None:
        if result.error_message and failed is None:
            # Errors after the first only say that the connection is lost.
            failed = errors.error_from_result(result, encoding="utf-8")
    if failed:
        raise failed
