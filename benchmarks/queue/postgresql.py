"""A PostgreSQL for as long as something is measured on it."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import psycopg
from tests.embedded_postgresql import embedded_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def durable_postgresql() -> Iterator[str]:
    """The URL of an empty database on a server of its own, with PostgreSQL's own defaults."""
    with embedded_postgresql() as url:
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            # The tests' server forgets a commit with the power; nobody's own would.
            connection.execute("ALTER SYSTEM RESET ALL")
            connection.execute("SELECT pg_reload_conf()")
        yield url
