"""One PostgreSQL database for all tests of a contract that need its rows alone.

To create and drop a database, and to compile every statement for another engine, takes longer than most of them. Tests
that change more than rows ask for a database of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
import pytest
from sqlalchemy import Engine, Table, delete, update

from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from tests.postgresql_server import PostgresqlServer
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.persistence.database.engine import create_engine


@attrs.frozen
class SharedDatabase:
    """With the library's own engine, and rows that are read and written without it."""

    url: str
    engine: Engine
    rows: PostgresqlRows

    @classmethod
    def on(cls, url: str) -> SharedDatabase:
        return cls(url, create_engine(url), PostgresqlRows(url))


@pytest.fixture(scope="session")
def each_shared_database(each_postgresql_server: PostgresqlServer) -> Iterator[SharedDatabase]:
    with each_postgresql_server.database() as url:
        shared = SharedDatabase.on(url)
        yield shared
        shared.engine.dispose()


@pytest.fixture
def each_emptied_database(each_shared_database: SharedDatabase) -> SharedDatabase:
    """With both schemas and without a row, on each release of PostgreSQL."""
    empty(each_shared_database.engine, REFERENCE_TABLES.metadata.sorted_tables)
    return each_shared_database


def empty(engine: Engine, tables: Sequence[Table]) -> None:
    """Delete all rows, the last table's first; of the one by which the library knows the database, all but its id."""
    with engine.begin() as connection:
        for table in reversed(tables):
            is_identity = table.name == "ExportDatabase"
            connection.execute(update(table).values(chores=None) if is_identity else delete(table))
