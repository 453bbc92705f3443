"""A database of another system, and a container on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.integration.adoption import other_system
from ticket_export import Settings, TicketExportContainer, create_engine


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'other.db'}"
    found: str = request.getfixturevalue("empty_postgresql_url")
    return found


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The engine of the other system, with its tables and rows."""
    engine = create_engine(url)
    other_system.create(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def container(engine: Engine, url: str, tmp_path: Path) -> Iterator[TicketExportContainer]:
    """A container that sets nothing but the database and the storage."""
    container = TicketExportContainer()
    storage = f"file://{tmp_path / 'files'}"
    settings = Settings(database_url=url, storage_url=storage, max_active_jobs_per_user=0)
    container.settings.override(settings)
    yield container
    container.engine().dispose()
