"""From a database URL to an engine that is set up for the library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import sqlalchemy
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError

from ticket_export.errors import ConfigurationError, MissingExtraError, UnsupportedDialectError
from ticket_export.infrastructure.persistence.network_patience import network_patience

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy import Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

_SQLITE_BEGIN = "ticket_export_sqlite_begin"
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
# Who waits for one of the pool's connections may hold the one that another waits for: an export reads over one
# and writes its progress over a second.
_NO_LIMIT = -1
# In this order: the time-out must hold when the switch to WAL waits for another process.
_SQLITE_PRAGMAS = ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON")


def create_engine(url: str) -> Engine:
    """An engine on ``sqlite:///file.db`` or ``postgresql://user@host/database``.

    A SQLite file is opened in WAL mode with foreign keys on, waits up to 30 s for a lock, and its
    missing folders are made. Transactions begin with a plain ``BEGIN``, which reads one snapshot and
    blocks nobody; `for_writing` changes that.

    A PostgreSQL server is waited for at most 10 s, and a connection that the network has cut silently is given up
    within a minute, unless the URL's query or libpq's environment says otherwise (``?connect_timeout=3``).

    Raises:
        ConfigurationError: the URL cannot be read, names no file, or its folder cannot be made.
        UnsupportedDialectError: neither SQLite nor PostgreSQL.
        MissingExtraError: PostgreSQL's driver is not installed.
    """
    parsed = _parsed(url)
    if parsed.drivername == "sqlite":
        return _sqlite_engine(parsed)
    try:
        arguments = {**_encoding(parsed), **network_patience(parsed)}
        return sqlalchemy.create_engine(parsed, pool_pre_ping=True, max_overflow=_NO_LIMIT, connect_args=arguments)
    except ModuleNotFoundError as error:
        raise MissingExtraError("postgres", "PostgreSQL") from error


def connected(engine: Engine) -> Connection:
    """A connection of an engine that may be of the host's own making.

    Raises:
        UnsupportedDialectError: the database is in SQL_ASCII, and the engine does not name a ``client_encoding``.
        SQLAlchemyError: there is no connection.
    """
    try:
        return engine.connect()
    except TypeError as error:
        if engine.dialect.driver != "psycopg":
            raise
        # The driver has answered SQLAlchemy's first question in bytes.
        raise UnsupportedDialectError(
            "the database is in SQL_ASCII; it must be in UTF8, which holds every letter"
        ) from error


def for_writing(connection: Connection) -> Connection:
    """Let the connection's next transactions be such that one can read first and write later.

    On SQLite they take the write lock as they begin: otherwise they fail at once if another has written in
    between, however long the time-out. On PostgreSQL each statement sees what others have committed, so that a
    conditional update finds a row that has moved on, where a host's engine may be set to refuse it, or to commit
    every statement by itself.
    """
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="READ COMMITTED")
    return connection.execution_options(**{_SQLITE_BEGIN: "BEGIN IMMEDIATE"})


def begin_writing(connection: Connection) -> Connection:
    """`for_writing`, with the first transaction begun, on an engine of the host's own making too.

    The connection is closed if the lock is not to be had.
    """
    try:
        for_writing(connection).begin()
        if connection.dialect.name == "sqlite" and not event.contains(connection.engine, "begin", _begin_sqlite):
            _begin_anew(cast("sqlite3.Connection", connection.connection.driver_connection))
    except BaseException:
        connection.close()
        raise
    return connection


def _parsed(url: str) -> URL:
    # A URL may hold a password, so no message shows it and no cause is chained.
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "the database URL cannot be read; it should look like sqlite:///ticket-export.db "
            "or postgresql://user:password@host/database"
        ) from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise UnsupportedDialectError(
            f"the database {parsed.drivername!a} is not supported; use sqlite:///… or postgresql://…"
        )
    return parsed.set(drivername=driver)


def _encoding(url: URL) -> dict[str, str]:
    # Left to itself the driver speaks to a database in SQL_ASCII in bytes, and SQLAlchemy fails before anybody can
    # say why.
    return {} if "client_encoding" in url.query else {"client_encoding": "UTF8"}


def _sqlite_engine(url: URL) -> Engine:
    path = url.database
    if not path or path == ":memory:" or path.startswith("file:"):
        raise ConfigurationError(
            "the SQLite URL must name a file, such as sqlite:///ticket-export.db: an export reads over one "
            "connection while it reports progress over another"
        )
    folder = Path(path).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"the folder of the SQLite file cannot be made: {folder}") from error
    try:
        engine = sqlalchemy.create_engine(url, max_overflow=_NO_LIMIT)
        engine.dialect.create_connect_args(url)
    except (ArgumentError, TypeError, ValueError):
        # No cause: SQLAlchemy's text may quote the URL.
        raise ConfigurationError(
            "the SQLite URL cannot be used; it should look like sqlite:///ticket-export.db"
        ) from None
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transaction control would begin too late for a snapshot, or not at all.
    connection.isolation_level = None
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_SQLITE_BEGIN, "BEGIN"))


def _begin_anew(driver: sqlite3.Connection) -> None:
    # The host's engine has begun in its own way or, left to Python's driver, not at all. Nothing was
    # read yet, so nothing is lost.
    if driver.in_transaction:
        driver.execute("COMMIT")
    driver.execute("BEGIN IMMEDIATE")
