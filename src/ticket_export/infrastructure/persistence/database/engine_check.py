"""What is wrong with an engine, or with the database behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, Engine, QueuePool, SingletonThreadPool, StaticPool, text
from sqlalchemy.exc import SQLAlchemyError

from ticket_export.application.finding import Finding, error
from ticket_export.application.secret_url import without_secrets
from ticket_export.errors import JobDatabaseError, TicketExportError
from ticket_export.infrastructure.persistence.database.errors import database_errors, may_pass
from ticket_export.infrastructure.persistence.database.transaction import quick_read

_WHERE: Final = "database"
#: The oldest release of PostgreSQL that is still maintained.
OLDEST_POSTGRESQL: Final = (14,)
# An export reads on one connection and reports its progress on another.
_FEWEST_CONNECTIONS: Final = 2


def engine_problems(engine: Engine) -> Iterator[Finding]:
    """Check the kind of the engine, then connect, and check the kind and the mode of the database."""
    wrong = [*_wrong_kind(engine)]
    yield from wrong or _of_connection(engine)


def _wrong_kind(engine: Engine) -> Iterator[Finding]:
    name = engine.dialect.name
    if name not in {"sqlite", "postgresql"}:
        yield error(_WHERE, f"{name} is not supported", "use sqlite:///… or postgresql://…")
    elif isinstance(engine.pool, (SingletonThreadPool, StaticPool)) or _is_in_memory(engine):
        yield error(
            _WHERE,
            "all threads share one connection, or each has an empty database of its own: an export reads on one "
            "connection while it reports progress on another",
            "name a file: container.engine.override(ticket_export.create_engine('sqlite:////a/folder/desk.db'))",
        )
    elif (most := _most_connections(engine)) is not None and most < _FEWEST_CONNECTIONS:
        yield error(
            _WHERE,
            f"the pool of the engine has at most {most} connection, and an export needs {_FEWEST_CONNECTIONS}",
            "make the engine with pool_size=5, max_overflow=10",
        )


def _is_in_memory(engine: Engine) -> bool:
    path = engine.url.database
    return engine.dialect.name == "sqlite" and (not path or path == ":memory:" or "mode=memory" in path)


def _most_connections(engine: Engine) -> int | None:
    pool = engine.pool
    if not isinstance(pool, QueuePool):
        return None
    overflow = pool._max_overflow  # noqa: SLF001 - the pool has no public name for it
    return None if overflow < 0 or pool.size() == 0 else pool.size() + overflow


def _of_connection(engine: Engine) -> Iterator[Finding]:
    try:
        with database_errors(), quick_read(engine) as connection:
            check = _postgresql_problems if engine.dialect.name == "postgresql" else _sqlite_problems
            found = [*check(connection)]
    except JobDatabaseError as raised:
        cause = raised.__cause__
        yield error(
            _WHERE,
            f"{raised} ({without_secrets(str(engine.url))})",
            "start the database, or correct TICKET_EXPORT_DATABASE_URL or container.engine",
            may_pass=isinstance(cause, SQLAlchemyError) and may_pass(cause),
        )
    except TicketExportError as raised:  # a database in SQL_ASCII, which answers with bytes
        yield error(_WHERE, str(raised), _UTF8)
    else:
        yield from found


_UTF8: Final = "move the data into a database that is made with: CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'"


def _postgresql_problems(connection: Connection) -> Iterator[Finding]:
    version = connection.dialect.server_version_info or OLDEST_POSTGRESQL
    if version < OLDEST_POSTGRESQL:
        release = ".".join(map(str, version))
        yield error(_WHERE, f"the server is PostgreSQL {release}", f"use release {OLDEST_POSTGRESQL[0]} or newer")
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        yield error(_WHERE, f"the database is in {encoding}, which cannot hold every letter", _UTF8)


def _sqlite_problems(connection: Connection) -> Iterator[Finding]:
    encoding = connection.exec_driver_sql("PRAGMA encoding").scalar_one()
    if encoding != "UTF-8":
        yield error(
            _WHERE,
            f"the SQLite database is in {encoding}, not in UTF-8",
            "copy the data into a new file that begins with: PRAGMA encoding = 'UTF-8'",
        )
    # Until it reads, a connection knows only the mode of its last read.
    connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    if mode != "wal":
        yield error(
            _WHERE,
            f"the SQLite database is in {mode!r} mode, in which an export blocks every writer",
            "execute this statement once: PRAGMA journal_mode = WAL",
        )
