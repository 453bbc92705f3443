from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.endings.fork_server import ForkServer
from tests.endings.scene import STORES, Scene, scene
from tests.endings.writing import PART_BYTES, make_parts_small

#: How many writers end, in both tests together; `make endings` lets 1,000 end.
ENDINGS: Final = int(os.environ.get("TICKET_EXPORT_TEST_ENDINGS", "100"))
#: On which stores; all of them by default.
_ON: Final = os.environ.get("TICKET_EXPORT_TEST_ENDINGS_ON", ",".join(STORES)).split(",")
_SEED = "TICKET_EXPORT_TEST_ENDINGS_SEED"
_DRIVERS = ("boto3", "smart_open", "ticket_export.entrypoints.cli.main", "tests.endings.processes")


@pytest.fixture(scope="module")
def seed() -> str:
    """What repeats a run: the same writers end in the same ways, though never quite at the same moments."""
    return os.environ.get(_SEED) or str(Random().randrange(1_000_000))


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    with ForkServer(tmp_path_factory.mktemp("processes"), *_DRIVERS) as server:
        yield server


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints lines even where the test's output is kept back; and once more beside a failure."""

    def show(lines: str) -> None:
        sys.stdout.write(f"{lines}\n")
        with capsys.disabled():
            sys.stderr.write(f"{lines}\n")

    return show


@pytest.fixture
def scenes(tmp_path: Path, fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Scene]]:
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", PART_BYTES)
    with ExitStack() as opened:
        scenes = {name: opened.enter_context(scene(name, tmp_path, fork_server)) for name in _ON}
        for each in scenes.values():
            make_parts_small(monkeypatch, each.storage)
        yield scenes
