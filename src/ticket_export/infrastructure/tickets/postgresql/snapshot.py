"""The transaction in which PostgreSQL is read."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection

from ticket_export.errors import UnsupportedDialectError
from ticket_export.infrastructure.persistence.database.answer_watch import answered_in_time
from ticket_export.infrastructure.persistence.database.engine_check import OLDEST_POSTGRESQL
from ticket_export.infrastructure.persistence.database.transaction import limit_snapshot
from ticket_export.infrastructure.tickets.read_errors import errors_of

if TYPE_CHECKING:
    import psycopg

#: Settings that change how a value is written or how a statement is read and planned. A server, a database or a role
#: may have changed them.
SETTINGS = {
    "DateStyle": "ISO",
    "client_encoding": "UTF8",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    # Not the view's zone: the host's own expressions and its row rule may depend on it, and a user chooses the view.
    "TimeZone": "UTC",
    # Ten times the default. The rows of an export are wide, and one process sends them. Parallel workers that sort many
    # of them take the processors from the client, which could already write the first rows. A scan that finds few
    # rows, and the count, stay parallel.
    "parallel_tuple_cost": "1",
    # SQLAlchemy's option would make a connection writable that is read-only by default.
    "transaction_read_only": "on",
}


def begin_snapshot(connection: Connection, patience: timedelta) -> None:
    """Begin a transaction in which everything is read as of one moment, and whose time zone is UTC.

    The server ends the snapshot if nothing is read for `patience`, and for at least a minute. The settings end with the
    transaction, so the pool gets the connection back unchanged.

    Raises:
        UnsupportedDialectError: the server is too old, its database is not in UTF-8, or the driver is not psycopg 3.
    """
    _require_support(connection)
    connection.execution_options(isolation_level="REPEATABLE READ")
    limit_snapshot(connection, patience.total_seconds(), SETTINGS)


def end_snapshot(connection: Connection) -> None:
    """Return the connection to the pool, or close it if it is not usable any more."""
    errors = errors_of(connection.dialect)
    # Nothing was written, so nothing is lost if the server is gone.
    with suppress(*errors), answered_in_time(connection):
        if not _is_idle(driver_connection(connection)):
            connection.invalidate()
        connection.rollback()
    with suppress(*errors):
        connection.close()


def driver_connection(connection: Connection) -> psycopg.Connection[Any]:
    """The driver's connection."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def _is_idle(driver: psycopg.Connection[Any]) -> bool:
    """Whether the server waits for the next statement."""
    return driver.info.transaction_status.name in {"IDLE", "INTRANS", "INERROR"}


def _require_support(connection: Connection) -> None:
    dialect = connection.dialect
    if dialect.driver != "psycopg":
        raise UnsupportedDialectError(
            f"tickets cannot be read from PostgreSQL with {dialect.driver}; use psycopg 3, postgresql+psycopg://…"
        )
    version = dialect.server_version_info or OLDEST_POSTGRESQL
    if version < OLDEST_POSTGRESQL:
        raise UnsupportedDialectError(
            f"tickets cannot be read from PostgreSQL {'.'.join(map(str, version))}; "
            f"use release {OLDEST_POSTGRESQL[0]} or newer"
        )
    encoding = driver_connection(connection).info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise UnsupportedDialectError(
            f"tickets cannot be read from a PostgreSQL database with the encoding {encoding}; use one with UTF8"
        )
