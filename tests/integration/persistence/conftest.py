"""A migrated SQLite file and its rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.integration.persistence.sqlite_rows import SqliteRows
from tests.migrated_sqlite import migrated_sqlite
from ticket_export.infrastructure.persistence.database.engine import create_engine


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "help-desk.db"


@pytest.fixture
def empty_engine(path: Path) -> Iterator[Engine]:
    """A database without any table."""
    engine = create_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    """A database with both schemas."""
    engine = migrated_sqlite(path)
    yield engine
    engine.dispose()


@pytest.fixture
def rows(path: Path) -> SqliteRows:
    return SqliteRows(path)
