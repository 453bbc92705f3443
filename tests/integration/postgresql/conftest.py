"""A migrated PostgreSQL database and its rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine

from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from ticket_export.infrastructure.persistence.database.engine import create_engine


@contextmanager
def _engine_on(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(postgresql_url: str) -> Iterator[Engine]:
    """A database with both schemas."""
    with _engine_on(postgresql_url) as engine:
        yield engine


@pytest.fixture
def rows(postgresql_url: str) -> PostgresqlRows:
    return PostgresqlRows(postgresql_url)


@pytest.fixture
def empty_engine(empty_postgresql_url: str) -> Iterator[Engine]:
    """A database without any table."""
    with _engine_on(empty_postgresql_url) as engine:
        yield engine


@pytest.fixture
def empty_rows(empty_postgresql_url: str) -> PostgresqlRows:
    return PostgresqlRows(empty_postgresql_url)
