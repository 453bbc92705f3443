"""The databases of the measurements."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path

import attrs
import psycopg
from psycopg import sql
from tests.embedded_postgresql import embedded_postgresql
from tests.postgresql_server import VARIABLE, PostgresqlServer, conninfo

from benchmarks.contenders import SQLITE_CONTENDERS, Contender, HelpDesk, postgresql_contenders
from benchmarks.promises import POSTGRESQL_PROMISES, Promises
from benchmarks.server_process import ServerProcess

# A small server in production. All other settings are PostgreSQL's defaults, durability included.
_SETTINGS = {
    "shared_buffers": "1GB",
    "effective_cache_size": "3GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
}


@attrs.frozen(kw_only=True)
class Database:
    """`description` names the database in the report; `new_desk` creates an empty one for a folder.

    `settle` does what is left to do once a help desk is filled, so that no run pays for it.
    """

    description: str
    contenders: Mapping[str, Contender]
    new_desk: Callable[[Path], AbstractContextManager[HelpDesk]]
    settle: Callable[[HelpDesk], None]
    promises: Promises = attrs.field(factory=Promises)
    server: ServerProcess | None = None


@contextmanager
def sqlite() -> Iterator[Database]:
    """Files of Python's own SQLite."""
    if not shutil.which("sqlite3"):
        sys.exit("the sqlite3 shell is not installed (Debian: apt-get install sqlite3)")
    yield Database(
        description=f"SQLite {sqlite3.sqlite_version}",
        contenders=SQLITE_CONTENDERS,
        new_desk=lambda folder: nullcontext(HelpDesk(folder / "desk.db", folder)),
        settle=lambda _desk: None,
    )


@contextmanager
def postgresql(
    contenders: Callable[[str], Mapping[str, Contender]] = postgresql_contenders,
    promises: Promises = POSTGRESQL_PROMISES,
) -> Iterator[Database]:
    """The server that the tests' environment variable names, or a new embedded one.

    `contenders` gets the path of psql.
    """
    named = os.environ.get(VARIABLE)
    with nullcontext(named) if named else embedded_postgresql(_SETTINGS, on_disk=True) as url:
        server = PostgresqlServer(url)
        process = ServerProcess.behind(conninfo(url))
        psql = (process and process.psql) or shutil.which("psql")
        if psql is None:
            sys.exit("psql is not installed (Debian: apt-get install postgresql-client)")

        @contextmanager
        def new_desk(folder: Path) -> Iterator[HelpDesk]:
            with server.database(migrated=False) as database:
                yield HelpDesk(conninfo(database), folder)

        yield Database(
            description=_describe(conninfo(url), psql),
            contenders=contenders(psql),
            new_desk=new_desk,
            settle=_settle,
            promises=promises,
            server=process,
        )


def _settle(desk: HelpDesk) -> None:
    # Otherwise the first reader would set every row's hint bits, and checkpoints would run during a measurement.
    with closing(psycopg.connect(desk.url, autocommit=True)) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def _describe(url: str, psql: str) -> str:
    with closing(psycopg.connect(url)) as connection:
        version = connection.execute("SHOW server_version").fetchone()
        names = ("fsync", *_SETTINGS)
        rows = [connection.execute(sql.SQL("SHOW {}").format(sql.Identifier(name))).fetchone() for name in names]
    settings = ", ".join(f"{name} {row[0]}" for name, row in zip(names, rows, strict=True) if row)
    client = subprocess.run([psql, "--version"], check=True, capture_output=True, text=True).stdout.split()[2]
    return f"PostgreSQL {version[0] if version else '?'} ({settings}), psql {client}"


DATABASES = {"sqlite": sqlite, "postgresql": postgresql}
