"""From a database URL to an engine that is set up for the library."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, cast

import sqlalchemy
from sqlalchemy import URL, Connection, Dialect, Engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from ticket_export.errors import ConfigurationError, MissingExtraError, UnsupportedDialectError
from ticket_export.infrastructure.fork import part_from_parent
from ticket_export.infrastructure.persistence.database.answer_watch import WATCH
from ticket_export.infrastructure.persistence.database.export_pool import ExportPool
from ticket_export.infrastructure.persistence.database.sqlite_file import create_sqlite_file
from ticket_export.infrastructure.private_files import make_private_folders

# libpq's names and units: seconds, but for the last, which is milliseconds; it has no effect beside Linux.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
# A connection is given up within a minute after the network was cut without a word. Left to themselves, the driver
# waits two minutes for a connection, and Linux two hours until it asks whether the other side is there.
_PATIENCE: Final[Mapping[str, int]] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


def network_patience(url: URL) -> dict[str, int]:
    """What `url`, and the environment that libpq reads (``PGCONNECT_TIMEOUT``), leave open.

    Raises:
        ModuleNotFoundError: psycopg is not installed.
    """
    from psycopg.pq import Conninfo

    said = {option.keyword.decode() for option in Conninfo.get_defaults() if option.val is not None}
    return {name: value for name, value in _PATIENCE.items() if name not in url.query and name not in said}


def commit(connection: Connection) -> None:
    """Commit; a connection that cannot is never used again.

    `Connection.close` would give it back to the pool as it is. On SQLite its transaction is open still,
    for instance where the disk was full, and the write lock would keep everybody from writing.
    """
    try:
        connection.commit()
    except BaseException:
        connection.invalidate()
        raise


_SQLITE_BEGIN = "ticket_export_sqlite_begin"
_USED = "ticket_export_used"
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
# Of one process, next to those that read tickets. A thread that holds one never waits for a second, so a few serve any
# number of threads.
_POOL = {"poolclass": ExportPool, "pool_size": 5, "max_overflow": 10}
_POOL_TIMEOUT = 10
# On SQLite the one that has a connection may wait for the write lock as long.
_SQLITE_POOL_TIMEOUT = 30
_SQLITE_OPTIONS = {"cached_statements", "check_same_thread", "detect_types", "isolation_level", "timeout"}
# In this order: the time-out must hold when the switch to WAL waits for another process.
_SQLITE_PRAGMAS = ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON")


def create_engine(url: str) -> Engine:
    """An engine on ``sqlite:///file.db`` or ``postgresql://user@host/database``.

    A SQLite file is opened in WAL mode with foreign keys on, and waits up to 30 s for a lock. If it is missing, it is
    made for its owner only (0600, missing folders 0700). Transactions begin with a plain ``BEGIN``, which reads one
    snapshot and blocks nobody; `for_writing` changes that.

    A PostgreSQL server is waited for at most 10 s, and a connection that the network has cut silently is given up
    within a minute, unless the URL's query or libpq's environment says otherwise (``?connect_timeout=3``). Statements
    are not prepared, so that a pooler in transaction mode may stand between, unless the URL says after how many uses
    (``?prepare_threshold=5``). A connection that has rested is asked for an answer before it is used.

    A process that is forked begins without connections.

    A process has at most 15 connections, one more for each export that it is running, and one that listens for
    notifications. A thread waits up to 10 s for one of the 15 (30 s on SQLite), and is then told that the database is
    busy.

    Raises:
        ConfigurationError: the URL cannot be read, names no file, or has an option that SQLite would not get; or its
            folder cannot be made.
        UnsupportedDialectError: neither SQLite nor PostgreSQL.
        MissingExtraError: PostgreSQL's driver is not installed.
    """
    parsed = _parsed(url)
    if parsed.drivername == "sqlite":
        return _sqlite_engine(parsed)
    try:
        parsed, prepared = _without_prepare_threshold(parsed)
        parsed, secrets = _without_secrets(parsed)
        connect_args = {**_encoding(parsed), **network_patience(parsed), **secrets, "prepare_threshold": prepared}
        engine = sqlalchemy.create_engine(parsed, **_POOL, pool_timeout=_POOL_TIMEOUT, connect_args=connect_args)
    except ModuleNotFoundError as error:
        raise MissingExtraError("postgres", "PostgreSQL") from error
    event.listen(engine, "checkout", _require_answer(engine.dialect))
    part_from_parent(engine)
    return engine


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


def _without_prepare_threshold(url: URL) -> tuple[URL, int | None]:
    # psycopg takes no text for it.
    asked = url.query.get("prepare_threshold", "none")
    try:
        threshold = None if asked == "none" else int(str(asked))
    except ValueError:
        raise ConfigurationError("prepare_threshold in the database URL must be a whole number, or none") from None
    return url.difference_update_query(["prepare_threshold"]), threshold


def _without_secrets(url: URL) -> tuple[URL, dict[str, str]]:
    # The engine shows its URL, with all of its query.
    secrets = {name: str(url.query[name]) for name in ("password", "sslpassword") if name in url.query}
    return url.difference_update_query(secrets), secrets


def _require_answer(dialect: Dialect) -> Callable[[DBAPIConnection, ConnectionPoolEntry, PoolProxiedConnection], None]:
    """What SQLAlchemy's `pool_pre_ping` does; but a server that does not answer is not waited for without end."""

    def require_answer(driver: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        if not entry.info.setdefault(_USED, False):
            entry.info[_USED] = True
            return
        try:
            with WATCH.watching(driver):
                dialect.do_ping(driver)
        except dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    return require_answer


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
    # SQLAlchemy would leave out the others with a warning, `mode=ro` too.
    if "\0" in path or not url.query.keys() <= _SQLITE_OPTIONS:
        raise ConfigurationError(
            "the SQLite URL cannot be used; it should look like sqlite:///ticket-export.db, and may hold no options "
            f"but {', '.join(sorted(_SQLITE_OPTIONS))}"
        )
    folder = Path(path).parent
    try:
        make_private_folders(folder)
    except OSError as error:
        raise ConfigurationError(f"the folder of the SQLite file cannot be made: {folder}") from error
    try:
        engine = sqlalchemy.create_engine(url, **_POOL, pool_timeout=_SQLITE_POOL_TIMEOUT)
        engine.dialect.create_connect_args(url)
    except (ArgumentError, TypeError, ValueError):
        # No cause: SQLAlchemy's text may quote the URL.
        raise ConfigurationError(
            "the SQLite URL cannot be used; it should look like sqlite:///ticket-export.db"
        ) from None
    part_from_parent(engine)
    event.listen(engine, "do_connect", create_sqlite_file)
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
