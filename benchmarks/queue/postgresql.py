"""The PostgreSQL server of the measurements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import attrs
import psycopg
from tests.embedded_postgresql import embedded_postgresql
from tests.postgresql_server import PostgresqlServer, conninfo


@attrs.frozen
class DurablePostgresql:
    """A server with PostgreSQL's own defaults. The tests' server is not durable; one in production is."""

    url: str

    @property
    def description(self) -> str:
        with closing(psycopg.connect(conninfo(self.url))) as connection:
            number = connection.info.server_version
        return f"PostgreSQL {number // 10_000}.{number % 10_000}"

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """The URL of an empty database, which is dropped with the block."""
        with PostgresqlServer(self.url).database(migrated=False) as url:
            yield conninfo(url)


@contextmanager
def durable_postgresql() -> Iterator[DurablePostgresql]:
    """A server of its own, on this machine's disk."""
    with embedded_postgresql(settings={}, on_disk=True) as url:
        yield DurablePostgresql(url)
