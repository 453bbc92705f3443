"""The library's own quick work in a database, every wait of which ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Final

from sqlalchemy import Connection, Engine, TextClause, text

from ticket_export.infrastructure.fork import part_from_parent
from ticket_export.infrastructure.persistence.database.answer_watch import answered_in_time
from ticket_export.infrastructure.persistence.database.clock import note_time
from ticket_export.infrastructure.persistence.database.engine import begin_writing, connected

_IDLE: Final = 15
#: Of `limit_short_transaction`. A worker whose machine vanishes in a transaction is in a statement, which ends, or
#: between two; so its locks end within the sum. A wait for somebody else's lock is over sooner, and says "busy".
SHORT: Final[dict[str, str]] = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": f"{_IDLE}s",
}
# Where the network was cut without a word, the server finds out by these: between statements and while it waits for
# an answer (TCP's keep-alive), while it sends (the user time-out, in milliseconds), and while it sorts (the check).
# https://www.postgresql.org/docs/current/runtime-config-connection.html#RUNTIME-CONFIG-TCP-SETTINGS
_NETWORK: Final[Mapping[str, str]] = {
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "client_connection_check_interval": "10s",
}
_USER_TIMEOUT: Final = "tcp_user_timeout"


def limit_short_transaction(connection: Connection) -> None:
    """Let the transaction that has just begun end soon, whatever happens to this process. PostgreSQL only."""
    limit = _statement(tuple(SHORT.items()), _network(_IDLE))
    note_time(connection, connection.execute(limit).scalar_one())


def limit_snapshot(connection: Connection, patience: float) -> None:
    """Let a long reading transaction last for as long as its client reads on.

    A pause of up to `patience` seconds between two reads is allowed, and never less than a minute.
    """
    seconds = max(60, int(patience))
    limit = _statement((("idle_in_transaction_session_timeout", f"{seconds}s"),), _network(seconds))
    connection.execute(limit)


def _network(seconds: int) -> tuple[tuple[str, str], ...]:
    return (*_NETWORK.items(), (_USER_TIMEOUT, str(seconds * 1000)))


@cache
def _statement(limits: tuple[tuple[str, str], ...], network: tuple[tuple[str, str], ...]) -> TextClause:
    # A limit that the host has set lower stays. Only Linux knows all of the network's; others would log an error.
    return text(f"""
        SELECT CAST(extract(epoch FROM clock_timestamp()) AS float8),
               (SELECT count(set_config(name, value, true)) FROM (VALUES {_values(limits)}) AS asked (name, value)
                WHERE CAST(current_setting(name) AS interval) NOT BETWEEN interval '1 us' AND CAST(value AS interval)),
               CASE WHEN position('linux' IN version()) > 0 THEN
                   (SELECT count(set_config(name, value, true)) FROM (VALUES {_values(network)}) AS asked (name, value))
               END
    """)  # noqa: S608 - names and values are those above


def _values(settings: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"('{name}', '{value}')" for name, value in settings)


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
