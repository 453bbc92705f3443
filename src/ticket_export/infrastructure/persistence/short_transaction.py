"""The library's own quick work in a database, every wait of which ends."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ticket_export.infrastructure.fork import part_from_parent
from ticket_export.infrastructure.persistence.answer_watch import answered_in_time
from ticket_export.infrastructure.persistence.engine import begin_writing, connected
from ticket_export.infrastructure.persistence.transaction_limits import limit_short_transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine


@contextmanager
def short_transaction(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction as `begin_writing` begins it; it is undone with the block, if it is not committed.

    On PostgreSQL the server ends a statement, a wait for a lock, and a transaction that stands still, each within
    15 s; and if the server itself does not answer, the driver's error is raised within half a minute.
    """
    with _connected(engine) as connection:
        begin_writing(connection)
        if connection.dialect.name == "postgresql":
            limit_short_transaction(connection)
        yield connection


@contextmanager
def quick_read(engine: Engine) -> Iterator[Connection]:
    """A connection for reading, whose waits end as above; on SQLite it takes no lock that keeps others from writing."""
    with _connected(engine) as connection:
        if connection.dialect.name == "postgresql":
            # Here too, since a server goes on waiting for a table's lock for a client that has given up.
            begin_writing(connection)
            limit_short_transaction(connection)
        yield connection


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    part_from_parent(engine)
    connection = connected(engine)
    # Closing undoes what was not committed, which takes an answer, too.
    with answered_in_time(connection), connection:
        yield connection
