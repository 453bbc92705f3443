"""The transaction in which SQLite is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from ticket_export.errors import ConfigurationError, UnsupportedDialectError
from ticket_export.infrastructure.tickets.sqlite.functions import register_functions


def begin_snapshot(connection: Connection) -> sqlite3.Connection:
    """Let all that is read from now on be of one moment; returns the driver's connection.

    Raises:
        UnsupportedDialectError: the driver is not Python's own, or the database is not in UTF-8.
        ConfigurationError: the database is not in WAL mode.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise UnsupportedDialectError(
            f"tickets cannot be read from SQLite over {connection.dialect.driver}; take Python's own driver, sqlite:///…"
        )
    _require_utf8(driver)
    _require_wal(driver)
    register_functions(driver)
    connection.begin()
    # Python's driver by itself begins a transaction only before it writes; without one, the count
    # and the rows would each see their own moment.
    if not driver.in_transaction:
        connection.exec_driver_sql("BEGIN")
    return driver


@contextmanager
def reading_any_bytes(driver: sqlite3.Connection) -> Iterator[None]:
    """Let the texts that are read in the block show U+FFFD where their bytes are not UTF-8.

    Otherwise the driver fails for them. The connection is the host's pool's, and gets its own way back.
    """
    before = driver.text_factory
    driver.text_factory = _text
    try:
        yield
    finally:
        driver.text_factory = before


def _text(stored: bytes) -> str:
    return stored.decode(errors="replace")


def _require_utf8(driver: sqlite3.Connection) -> None:
    (encoding,) = driver.execute("PRAGMA encoding").fetchone()
    if encoding != "UTF-8":
        raise UnsupportedDialectError(
            f"tickets cannot be read from a SQLite database in {encoding}; only from one in UTF-8"
        )


def _require_wal(driver: sqlite3.Connection) -> None:
    # In SQLite's other modes whoever reads keeps everybody from writing: the host its tickets, and
    # the export its own progress, until one of them gives up.
    (mode,) = driver.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        raise ConfigurationError(
            f"the SQLite database is in {mode!r} mode, in which an export would keep everybody from writing; "
            "take the engine from ticket_export's create_engine, or switch the file once with PRAGMA journal_mode = WAL"
        )
