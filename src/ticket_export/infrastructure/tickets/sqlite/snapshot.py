"""The transaction in which SQLite is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection

from ticket_export.errors import ConfigurationError, UnsupportedDialectError
from ticket_export.infrastructure.tickets.sqlite.functions import register_functions

# A key of the pool's own notes on a connection: it has the functions.
_IS_SET_UP: Final = "ticket_export_functions"


def begin_snapshot(connection: Connection) -> sqlite3.Connection:
    """Begin a transaction in which everything is read as of one moment; return the driver's connection.

    Raises:
        UnsupportedDialectError: the driver is not Python's own, or the database is not in UTF-8.
        ConfigurationError: the database is not in WAL mode.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise UnsupportedDialectError(
            f"tickets cannot be read from SQLite with {connection.dialect.driver}; use Python's own driver, sqlite:///…"
        )
    _require_wal(driver)
    # Once for each connection of the pool: a new function makes SQLite compile the connection's statements again.
    notes = connection.connection.info
    if _IS_SET_UP not in notes:
        _require_utf8(driver)
        register_functions(driver)
        notes[_IS_SET_UP] = True
    connection.begin()
    # Python's driver by itself begins a transaction only before it writes. Without one, the count and the rows would be
    # read as of two different moments.
    if not driver.in_transaction:
        connection.exec_driver_sql("BEGIN")
    return driver


@contextmanager
def text_factory(driver: sqlite3.Connection, make: Callable[[bytes], str]) -> Iterator[None]:
    """In the block, read texts with `make`. The connection belongs to the host's pool and gets its own setting back."""
    before = driver.text_factory
    driver.text_factory = make
    try:
        yield
    finally:
        driver.text_factory = before


def replacing_text(stored: bytes) -> str:
    """Return a text with U+FFFD in place of bytes that are not UTF-8; with `str` the driver fails for them."""
    return stored.decode(errors="replace")


def is_not_utf8(error: BaseException | None) -> bool:
    """Return whether the driver has met a text that is not UTF-8."""
    return isinstance(error, sqlite3.OperationalError) and "decode to UTF-8" in str(error)


def _require_utf8(driver: sqlite3.Connection) -> None:
    (encoding,) = driver.execute("PRAGMA encoding").fetchone()
    if encoding != "UTF-8":
        raise UnsupportedDialectError(
            f"tickets cannot be read from a SQLite database with the encoding {encoding}; use one with UTF-8"
        )


def _require_wal(driver: sqlite3.Connection) -> None:
    # In SQLite's other modes a reader blocks every writer: the host could not write its tickets, and the export could
    # not write its own progress.
    (mode,) = driver.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        raise ConfigurationError(
            f"the SQLite database is in {mode!r} mode, in which an export would block every writer; use the engine of "
            "ticket_export's create_engine, or switch the file once with PRAGMA journal_mode = WAL"
        )
