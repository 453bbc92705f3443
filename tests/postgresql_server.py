"""A PostgreSQL for the tests: the one that ``TICKET_EXPORT_TEST_POSTGRES_URL`` names, or one that they start.

The role in the variable's URL must be allowed to create databases. What the tests create on that server they
drop again, and nothing else is touched.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from functools import cached_property
from typing import Final
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, make_url

from tests.embedded_postgresql import embedded_postgresql
from tests.installed_postgresql import installed_postgresql
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.database.engine import create_engine

VARIABLE: Final = "TICKET_EXPORT_TEST_POSTGRES_URL"
_EMPTY: Final = sql.SQL("TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'")
_ENCODED: Final = sql.SQL("TEMPLATE template0 ENCODING {} LOCALE 'C'")


class PostgresqlServer:
    """Gives every test a database of its own: UTF-8, sorted and lower-cased as ``C.UTF-8`` does."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    @contextmanager
    def encoded(self, encoding: str) -> Iterator[str]:
        """The URL of a fresh database without any table, in another encoding than UTF-8."""
        name = self._create(_ENCODED.format(sql.Literal(encoding)))
        try:
            yield self._url_of(name)
        finally:
            self._drop(name)

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of a fresh database, with both schemas or without any table; it is dropped with the block."""
        # Left to its default, the copy goes through the server's memory; copying files would wait for a busy disk.
        name = self._create(sql.SQL("TEMPLATE {}").format(sql.Identifier(self._migrated)) if migrated else _EMPTY)
        try:
            yield self._url_of(name)
        finally:
            self._drop(name)

    @contextmanager
    def copy_of(self, url: str) -> Iterator[str]:
        """The URL of a copy of that database, to which nobody may be connected; it is dropped with the block."""
        name = self._create(sql.SQL("TEMPLATE {}").format(sql.Identifier(str(make_url(url).database))))
        try:
            yield self._url_of(name)
        finally:
            self._drop(name)

    def run(self, statement: sql.SQL | sql.Composed) -> None:
        """Run a statement outside any transaction."""
        with closing(psycopg.connect(conninfo(self._url), autocommit=True)) as connection:
            connection.execute(statement)

    def close(self) -> None:
        """Drop what the tests shared."""
        if "_migrated" in vars(self):
            self._drop(self._migrated)

    @cached_property
    def _migrated(self) -> str:
        name = self._create(_EMPTY)
        engine = create_engine(self._url_of(name))
        upgrade(engine, reference_schema=True)
        # Nobody may be connected to a database that is copied.
        engine.dispose()
        return name

    def _create(self, how: sql.SQL | sql.Composed) -> str:
        name = f"ticket_export_test_{uuid4().hex}"
        self.run(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), how))
        return name

    def _drop(self, name: str) -> None:
        # By force: a test that failed, or a worker that was killed, may have left connections behind.
        self.run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _url_of(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)


def conninfo(url: URL | str) -> str:
    """SQLAlchemy's URL as libpq reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """One server for the whole process, started by the first test that asks for it."""
    named = os.environ.get(VARIABLE)
    with nullcontext(named) if named else embedded_postgresql() as url:
        server = PostgresqlServer(url)
        yield server
        server.close()


@pytest.fixture(scope="session")
def installed_postgresql_server() -> Iterator[PostgresqlServer]:
    """The operating system's PostgreSQL 15, started by the first test that asks for it; skips where it is absent."""
    with installed_postgresql() as url:
        server = PostgresqlServer(url)
        yield server
        server.close()


@pytest.fixture(scope="session", params=["postgresql_server", "installed_postgresql_server"], ids=["pg", "pg15"])
def each_postgresql_server(request: pytest.FixtureRequest) -> PostgresqlServer:
    """One release after the other, for tests whose outcome could depend on it."""
    server: PostgresqlServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def postgresql_url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """A database of the test's own, with both schemas."""
    with postgresql_server.database() as url:
        yield url


@pytest.fixture
def empty_postgresql_url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """A database of the test's own, without any table."""
    with postgresql_server.database(migrated=False) as url:
        yield url


@pytest.fixture
def each_postgresql_url(each_postgresql_server: PostgresqlServer) -> Iterator[str]:
    """Like `postgresql_url`, on each release."""
    with each_postgresql_server.database() as url:
        yield url


@pytest.fixture
def each_empty_postgresql_url(each_postgresql_server: PostgresqlServer) -> Iterator[str]:
    """Like `empty_postgresql_url`, on each release."""
    with each_postgresql_server.database(migrated=False) as url:
        yield url
