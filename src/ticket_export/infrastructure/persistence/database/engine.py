"""Engines for the library: made from a URL, and how a connection of any engine begins and ends a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, TypeAlias, cast

import sqlalchemy
from sqlalchemy import URL, Connection, Dialect, Engine, NullPool, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from ticket_export.errors import ConfigurationError, MissingExtraError, UnsupportedDialectError
from ticket_export.infrastructure.fork import part_from_parent
from ticket_export.infrastructure.persistence.database.answer_watch import WATCH, has_news
from ticket_export.infrastructure.persistence.database.export_pool import ExportPool
from ticket_export.infrastructure.persistence.database.sqlite_file import create_sqlite_file
from ticket_export.infrastructure.private_files import make_private_folders

#: The library works synchronously, in threads.
SyncEngine: TypeAlias = Engine

_DRIVERS: Final = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_FAMILIES: Final = {
    "sqlite": "sqlite:///…",
    "postgres": "postgresql://…, which uses psycopg 3,",
    "postgresql": "postgresql://…, which uses psycopg 3,",
}
# For one process, in addition to the connections that read tickets. A thread that holds one never waits for a second,
# so a few serve any number of threads.
_POOL: Final[Mapping[str, Any]] = {"poolclass": ExportPool, "pool_size": 5, "max_overflow": 10}
_NO_POOL: Final[Mapping[str, Any]] = {"poolclass": NullPool}
# Seconds that a thread waits for a connection. On SQLite the thread that has one may wait as long for the write lock.
_POOL_TIMEOUT, _SQLITE_POOL_TIMEOUT = 10, 30
# Seconds until the next try to switch a new file to WAL.
_SWITCH_PAUSE: Final = 0.01

# libpq's names and units: seconds, but milliseconds for the last, which only has an effect on Linux. With them a
# connection is given up within a minute after the network was cut silently. Without them, the driver waits two minutes
# for a connection, and Linux checks the other side after two hours.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_NETWORK_LIMITS: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
# A key of the pool's own notes on a connection: when it was last returned.
_USED_AT: Final = "ticket_export_used_at"
#: Seconds after that in which no query tests it. For a small export, that would cost more than reading its rows.
SHORTLY: Final = 1.0

_SQLITE_OPTIONS: Final = {"cached_statements", "check_same_thread", "detect_types", "isolation_level", "timeout"}
# In this order: the time-out must be set when the switch to WAL waits for another process.
_SQLITE_PRAGMAS: Final = ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON")
# An execution option: the statement that begins a transaction.
_SQLITE_BEGIN: Final = "ticket_export_sqlite_begin"
#: An execution option of an engine: its connections are in transactions that the host begins, limits and ends.
IN_HOSTS_TRANSACTION: Final = "ticket_export_in_hosts_transaction"


def create_engine(url: str) -> Engine:
    """Return an engine on ``sqlite:///file.db`` or ``postgresql://user@host/database``.

    A SQLite file is opened in WAL mode with foreign keys on, and waits up to 30 s for a lock. A missing file is created
    for its owner only (0600, missing folders 0700). Transactions begin with a plain ``BEGIN``, which reads one
    snapshot and blocks no other connection; `for_writing` changes that.

    The engine waits for a PostgreSQL server for at most 10 s, and gives up a connection within a minute after the
    network was cut silently, unless the URL's query or libpq's environment sets other limits (``?connect_timeout=3``).
    Statements are not prepared, so that a pooler in transaction mode can be used, unless the URL sets after how many
    uses (``?prepare_threshold=5``). A connection that was used before is tested before it is used again: by a
    query, or within a second of its last use by a look at its socket.

    A forked process begins without connections.

    A process has at most 15 connections, one more for each export that it runs, and one that listens for notifications.
    A thread waits up to 10 s for one of the 15 (30 s on SQLite); then the error says that the database is busy.

    Raises:
        ConfigurationError: the URL cannot be read, names no file, or has an option that would not reach SQLite; or the
            file's folder cannot be created.
        UnsupportedDialectError: neither SQLite nor PostgreSQL.
        MissingExtraError: PostgreSQL's driver is not installed.
    """
    return _engine(url, _POOL)


def create_engine_without_pool(url: str) -> Engine:
    """Return an engine as `create_engine` does, which closes each connection after its use."""
    return _engine(url, _NO_POOL)


def asynchronous_refusal(engine: Any) -> str | None:
    """Return what to do instead of an asynchronous engine, as the end of a sentence; None for any other object."""
    dialect: Any = getattr(engine, "dialect", None)
    if not getattr(dialect, "is_async", False):
        return None
    url = "sqlite:///…" if dialect.name == "sqlite" else "postgresql://…"
    return (
        f"the library works synchronously, and {dialect.driver} is asynchronous; give it an engine of its own for the "
        f"same database: ticket_export.create_engine({url!r})"
    )


def one_of_two_engines(
    tickets_url: str | None, tickets_engine: Callable[[], Engine], engine: Callable[[], Engine]
) -> Engine:
    """Return the engine that reads tickets: `tickets_engine` if it has a URL of its own, else `engine`."""
    return engine() if tickets_url is None else tickets_engine()


def connected(engine: Engine) -> Connection:
    """Return a connection of an engine, which may be the host's own.

    Raises:
        ConfigurationError: the engine is asynchronous.
        UnsupportedDialectError: the database is in SQL_ASCII, and the engine does not set a ``client_encoding``.
        SQLAlchemyError: the connection failed.
    """
    if advice := asynchronous_refusal(engine):
        raise ConfigurationError(f"this engine cannot be used; {advice}")
    try:
        return engine.connect()
    except TypeError as error:
        if engine.dialect.driver != "psycopg":
            raise
        # The driver has returned bytes for SQLAlchemy's first query.
        raise UnsupportedDialectError(
            "the database is in SQL_ASCII; it must be in UTF8, which holds every letter"
        ) from error


def for_writing(connection: Connection) -> Connection:
    """Let the connection's next transactions read first and write later.

    On SQLite they take the write lock when they begin. Otherwise their first write fails at once, whatever the time-out
    is, if another connection has written since they began. On PostgreSQL each statement sees what others have
    committed, so that a conditional update sees that a row has changed. A host's engine may be set to refuse such an
    update, or to commit every statement.
    """
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="READ COMMITTED")
    return connection.execution_options(**{_SQLITE_BEGIN: "BEGIN IMMEDIATE"})


def begin_writing(connection: Connection) -> Connection:
    """Apply `for_writing` and begin a transaction, also on a host's own engine.

    If that fails, for example because of a lock, close the connection.
    """
    try:
        for_writing(connection).begin()
        begins_itself = event.contains(connection.engine, "begin", _begin_sqlite) or is_in_hosts_transaction(connection)
        if connection.dialect.name == "sqlite" and not begins_itself:
            driver = cast("sqlite3.Connection", connection.connection.driver_connection)
            # The host's engine has begun in its own way, or Python's driver has not begun at all. Nothing was read
            # yet, so nothing is lost.
            if driver.in_transaction:
                driver.execute("COMMIT")
            driver.execute("BEGIN IMMEDIATE")
    except BaseException:
        connection.close()
        raise
    return connection


def is_in_hosts_transaction(connection: Connection) -> bool:
    """Whether the connection is one of an engine with the option `IN_HOSTS_TRANSACTION`."""
    return bool(connection.get_execution_options().get(IN_HOSTS_TRANSACTION, False))


def commit(connection: Connection) -> None:
    """Commit. If that fails, never use the connection again.

    `Connection.close` would return it to the pool as it is. On SQLite its transaction is then still open, for example
    after a full disk, and its write lock would block all others.
    """
    try:
        connection.commit()
    except BaseException:
        connection.invalidate()
        raise


def _engine(url: str, pool: Mapping[str, Any]) -> Engine:
    parsed = _parsed(url)
    engine = _sqlite_engine(parsed, pool) if parsed.drivername == "sqlite" else _postgresql_engine(parsed, pool)
    part_from_parent(engine)
    return engine


def _parsed(url: str) -> URL:
    # A URL may hold a password, so no message shows the URL, and the error has no cause.
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "the database URL cannot be read; it should look like sqlite:///ticket-export.db "
            "or postgresql://user:password@host/database"
        ) from None
    driver = _DRIVERS.get(parsed.drivername)
    family = _FAMILIES.get(parsed.drivername.partition("+")[0])
    if driver is None and family is not None:
        raise UnsupportedDialectError(
            f"the driver of {parsed.drivername!a} is not supported; use {family} for the same database"
        )
    if driver is None:
        raise UnsupportedDialectError(
            f"the database {parsed.drivername!a} is not supported; use sqlite:///… or postgresql://…"
        )
    return parsed.set(drivername=driver)


def _postgresql_engine(url: URL, pool: Mapping[str, Any]) -> Engine:
    # psycopg takes no text for this option.
    asked = url.query.get("prepare_threshold", "none")
    try:
        prepare_threshold = None if asked == "none" else int(str(asked))
    except ValueError:
        raise ConfigurationError("prepare_threshold in the database URL must be a whole number, or none") from None
    # An engine shows its URL, with the query.
    secrets = {name: str(url.query[name]) for name in ("password", "sslpassword") if name in url.query}
    try:
        # With a database in SQL_ASCII and no client encoding, the driver returns bytes, and SQLAlchemy fails.
        defaults = {"client_encoding": "UTF8", **_network_limits()}
        arguments = {name: value for name, value in defaults.items() if name not in url.query}
        engine = sqlalchemy.create_engine(
            url.difference_update_query(["prepare_threshold", *secrets]),
            **_waiting(pool, _POOL_TIMEOUT),
            connect_args={**arguments, **secrets, "prepare_threshold": prepare_threshold},
        )
    except ModuleNotFoundError as error:
        raise MissingExtraError("postgres", "PostgreSQL") from error
    event.listen(engine, "checkout", _require_answer(engine.dialect))
    event.listen(engine, "checkin", _note_use)
    return engine


def _waiting(pool: Mapping[str, Any], seconds: int) -> Mapping[str, Any]:
    return {**pool, "pool_timeout": seconds} if pool is _POOL else pool


def _network_limits() -> dict[str, int]:
    from psycopg.pq import Conninfo

    # libpq also reads its environment, such as PGCONNECT_TIMEOUT.
    already_set = {option.keyword.decode() for option in Conninfo.get_defaults() if option.val is not None}
    return {name: value for name, value in _NETWORK_LIMITS.items() if name not in already_set}


def _note_use(_driver: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info[_USED_AT] = monotonic()


def _require_answer(dialect: Dialect) -> Callable[[DBAPIConnection, ConnectionPoolEntry, PoolProxiedConnection], None]:
    """Return a listener that does the work of `pool_pre_ping`, with a limit to the wait for the answer.

    Shortly after its last use, a connection is only asked whether its socket has news: the end of the connection, or
    whatever the server has to say without being asked.
    """

    def require_answer(driver: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        used_at = entry.info.get(_USED_AT)
        if used_at is None:
            return
        try:
            if monotonic() - used_at < SHORTLY and not has_news(driver):
                return
            with WATCH.watching(driver):
                dialect.do_ping(driver)
        except dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    return require_answer


def _sqlite_engine(url: URL, pool: Mapping[str, Any]) -> Engine:
    path = url.database
    if not path or path == ":memory:" or path.startswith("file:"):
        raise ConfigurationError(
            "the SQLite URL must name a file, such as sqlite:///ticket-export.db: an export reads on one "
            "connection while it reports progress on another"
        )
    # SQLAlchemy would ignore other options, such as `mode=ro`, with a warning.
    if "\0" in path or not url.query.keys() <= _SQLITE_OPTIONS:
        raise ConfigurationError(
            "the SQLite URL cannot be used; it should look like sqlite:///ticket-export.db, and may only have the "
            f"options {', '.join(sorted(_SQLITE_OPTIONS))}"
        )
    folder = Path(path).parent
    try:
        make_private_folders(folder)
    except OSError as error:
        raise ConfigurationError(f"the folder of the SQLite file cannot be made: {folder}") from error
    try:
        engine = sqlalchemy.create_engine(url, **_waiting(pool, _SQLITE_POOL_TIMEOUT))
        engine.dialect.create_connect_args(url)
    except (ArgumentError, TypeError, ValueError):
        # Without a cause: SQLAlchemy's text may quote the URL.
        raise ConfigurationError(
            "the SQLite URL cannot be used; it should look like sqlite:///ticket-export.db"
        ) from None
    event.listen(engine, "do_connect", create_sqlite_file)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transaction control would begin too late for a snapshot, or not at all.
    connection.isolation_level = None
    deadline = monotonic() + _SQLITE_POOL_TIMEOUT
    for pragma in _SQLITE_PRAGMAS:
        # Of several connections that switch a new file to WAL at once, SQLite lets some fail without waiting for the
        # time-out, since two that wait for each other would never end.
        while not _is_set(connection, pragma, may_try_again=monotonic() < deadline):
            sleep(_SWITCH_PAUSE)


def _is_set(connection: sqlite3.Connection, pragma: str, *, may_try_again: bool) -> bool:
    try:
        connection.execute(f"PRAGMA {pragma}")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not may_try_again:
            raise
        return False
    return True


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_SQLITE_BEGIN, "BEGIN"))
