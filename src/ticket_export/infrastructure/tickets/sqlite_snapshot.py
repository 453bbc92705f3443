"""The transaction in which SQLite is read."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from ticket_export.errors import ConfigurationError, UnsupportedDialectError
from ticket_export.infrastructure.tickets.sqlite_functions import register_functions

if TYPE_CHECKING:
    from sqlalchemy import Connection


def begin_snapshot(connection: Connection) -> None:
    """Let all that is read from now on be of one moment.

    Raises:
        UnsupportedDialectError: the driver is not Python's own.
        ConfigurationError: the database is not in WAL mode.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise UnsupportedDialectError(
            f"tickets cannot be read from SQLite over {connection.dialect.driver}; take Python's own driver, sqlite:///…"
        )
    _require_wal(driver)
    register_functions(driver)
    connection.begin()
    # Python's driver by itself begins a transaction only before it writes; without one, the count
    # and the rows would each see their own moment.
    if not driver.in_transaction:
        connection.exec_driver_sql("BEGIN")


def _require_wal(driver: sqlite3.Connection) -> None:
    # In SQLite's other modes whoever reads keeps everybody from writing: the host its tickets, and
    # the export its own progress, until one of them gives up.
    (mode,) = driver.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        raise ConfigurationError(
            f"the SQLite database is in {mode!r} mode, in which an export would keep everybody from writing; "
            "take the engine from ticket_export's create_engine, or switch the file once with PRAGMA journal_mode = WAL"
        )
