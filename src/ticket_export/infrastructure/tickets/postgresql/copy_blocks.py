"""The records of a running COPY in blocks, fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from ticket_export.application.ports.ticket_source import CsvBlock

if TYPE_CHECKING:
    from psycopg import Copy
    from psycopg.pq.abc import PGconn

Record: TypeAlias = bytes | bytearray | memoryview


def copy_blocks(
    copy: Copy,
    pgconn: PGconn,
    *,
    size: int,
    rewrite: Callable[[Record], Record] | None = None,
    finish: Callable[[bytes], bytes] = bytes,
) -> Iterator[CsvBlock]:
    """What ``iter(copy)`` gives, each record rewritten, in blocks of at least `size` bytes (the last may be shorter).

    Each block is finished as a whole, which may change its length.

    The server sends a message a record, so that records need no counting, line feeds in them or not:
    https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY

    psycopg's own loop enters its event machinery for every record, which takes longer than the server needs to
    make one. Here it only waits for more; what libpq has received already is taken straight from there. Nothing
    holds a record for longer than its copy takes: a list of them would leave the processor's cache, and cost as
    much again.

    Raises:
        psycopg.Error: the server or the connection failed.
    """
    next_record = pgconn.get_copy_data
    block, rows = bytearray(), 0
    while record := copy.read():
        length = len(record)
        while length > 0:
            block += rewrite(record) if rewrite else record
            rows += 1
            # Its argument keeps it from waiting: 0 is "not yet", -1 the end.
            length, record = next_record(1)
        if len(block) >= size:
            yield CsvBlock(finish(bytes(block)), rows)
            block, rows = bytearray(), 0
        if length < 0:
            _end(pgconn)
            break
    if rows:
        yield CsvBlock(finish(bytes(block)), rows)


def _end(pgconn: PGconn) -> None:
    # psycopg would do so, had it seen the end itself.
    from psycopg import errors

    failed = None
    while (result := pgconn.get_result()) is not None:
        if result.error_message and failed is None:
            # What comes after the first is only that the connection is lost.
            failed = errors.error_from_result(result, encoding="utf-8")
    if failed:
        raise failed
