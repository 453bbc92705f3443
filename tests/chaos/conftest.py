"""An arena for every test, and workers that are gone when it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.arena import Arena
from tests.chaos.busy_tickets import BusyTickets
from tests.chaos.workers import Workers


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'help-desk.db'}"


@pytest.fixture(params=["sqlite_url", "postgresql_url"], ids=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database of the test's own, of each kind."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
def arena(tmp_path: Path, database_url: str) -> Iterator[Arena]:
    arena = Arena.open(tmp_path, database_url)
    yield arena
    arena.close()


@pytest.fixture
def busy_tickets(arena: Arena) -> Iterator[BusyTickets]:
    """Of which there are some on PostgreSQL; SQLite has one write lock, which the workers need."""
    busy_tickets = BusyTickets(arena, writers=4 if arena.is_postgresql else 0)
    yield busy_tickets
    busy_tickets.close()


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    with Workers(tmp_path) as workers:
        yield workers


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints a line even where the test's output is kept back; and once more beside a failure."""

    def show(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        with capsys.disabled():
            sys.stderr.write(f"{line}\n")

    return show
