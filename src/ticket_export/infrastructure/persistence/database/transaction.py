"""The library's own transactions, in which every wait has a time limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Final

from sqlalchemy import Connection, Engine, TextClause, text

from ticket_export.infrastructure.fork import part_from_parent
from ticket_export.infrastructure.persistence.database.answer_watch import answered_in_time
from ticket_export.infrastructure.persistence.database.clock import note_time
from ticket_export.infrastructure.persistence.database.engine import (
    begin_writing,
    connected,
    is_in_hosts_transaction,
)

_IDLE: Final = 15
#: The limits of a short transaction. A worker whose machine vanishes is in a statement, or between two; so its locks
#: end within the sum of the limits. A wait for another transaction's lock ends earlier, with an error that says "busy".
SHORT: Final[dict[str, str]] = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": f"{_IDLE}s",
}
# By these the server notices that the network was cut silently: between statements and while it waits for an answer
# (TCP's keep-alive), while it sends (the user time-out, in milliseconds), and while it sorts (the check).
# https://www.postgresql.org/docs/current/runtime-config-connection.html#RUNTIME-CONFIG-TCP-SETTINGS
_NETWORK: Final[Mapping[str, str]] = {
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "client_connection_check_interval": "10s",
}


@contextmanager
def short_transaction(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that `begin_writing` has begun. The end of the block undoes uncommitted changes.

    On PostgreSQL the server ends a statement, a wait for a lock and an idle transaction, each within 15 s. If the
    server itself does not answer, the driver raises its error within half a minute.
    """
    with _connected(engine) as connection:
        begin_writing(connection)
        if _has_limits(connection):
            _limit_short_transaction(connection)
        yield connection


@contextmanager
def quick_read(engine: Engine) -> Iterator[Connection]:
    """A connection for reading, with the same limits. On SQLite it takes no lock that blocks writers."""
    with _connected(engine) as connection:
        if _has_limits(connection):
            # Reads need limits too: a server continues to wait for a table's lock after its client has given up.
            begin_writing(connection)
            _limit_short_transaction(connection)
        yield connection


def limit_snapshot(connection: Connection, patience: float, settings: Mapping[str, str]) -> None:
    """Limit a long reading transaction of PostgreSQL: the server ends it if its client does not read for too long.

    The longest pause between two reads is `patience` seconds, but at least a minute. The same statement sets the
    `settings` for the transaction.
    """
    seconds = max(60, int(patience))
    limits = (("idle_in_transaction_session_timeout", f"{seconds}s"),)
    connection.execute(_statement(limits, seconds, tuple(settings.items())))


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    part_from_parent(engine)
    connection = connected(engine)
    # Closing undoes what was not committed, for which the server must answer too.
    with answered_in_time(connection), connection:
        yield connection


def _has_limits(connection: Connection) -> bool:
    # A transaction of the host has its own.
    return connection.dialect.name == "postgresql" and not is_in_hosts_transaction(connection)


def _limit_short_transaction(connection: Connection) -> None:
    note_time(connection, connection.execute(_statement(tuple(SHORT.items()), _IDLE)).scalar_one())


@cache
def _statement(
    limits: tuple[tuple[str, str], ...], network_seconds: int, others: tuple[tuple[str, str], ...] = ()
) -> TextClause:
    network = (*_NETWORK.items(), ("tcp_user_timeout", str(network_seconds * 1000)))
    # A lower limit of the host stays. Only Linux has all of the network's limits; other systems would log an error.
    also = f", (SELECT count(set_config(name, value, true)) FROM (VALUES {_values(others)}) AS asked (name, value))"  # noqa: S608
    return text(f"""
        SELECT CAST(extract(epoch FROM clock_timestamp()) AS float8),
               (SELECT count(set_config(name, value, true)) FROM (VALUES {_values(limits)}) AS asked (name, value)
                WHERE CAST(current_setting(name) AS interval) NOT BETWEEN interval '1 us' AND CAST(value AS interval)),
               CASE WHEN position('linux' IN version()) > 0 THEN
                   (SELECT count(set_config(name, value, true)) FROM (VALUES {_values(network)}) AS asked (name, value))
               END{also if others else ""}
    """)  # noqa: S608 - names and values are those above


def _values(settings: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"('{name}', '{value}')" for name, value in settings)
