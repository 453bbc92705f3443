"""An arena for every test, and workers that are gone when it ends."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.chaos.arena import Arena
from tests.chaos.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Another database's tests give another URL, of a database that is empty."""
    return f"sqlite:///{tmp_path / 'help-desk.db'}"


@pytest.fixture
def arena(tmp_path: Path, database_url: str) -> Iterator[Arena]:
    arena = Arena.open(tmp_path, database_url)
    yield arena
    arena.close()


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    with Workers(tmp_path) as workers:
        yield workers


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints a line even where the test's output is kept back."""

    def show(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"{line}\n")

    return show
