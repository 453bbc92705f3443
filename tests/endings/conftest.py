from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.conftest import SAMPLE
from tests.endings.fork_server import ForkServer
from tests.endings.scene import STORES, Scene, scene
from tests.endings.writing import PART_BYTES, make_parts_small

#: How many writers end, in both tests together; `make endings` lets 1,000 end, and `make test` a fifth of CI's.
ENDINGS: Final = int(os.environ.get("TICKET_EXPORT_TEST_ENDINGS") or (20 if os.environ.get(SAMPLE) else 100))
#: On which stores; all of them by default.
_ON: Final = os.environ.get("TICKET_EXPORT_TEST_ENDINGS_ON", ",".join(STORES)).split(",")
_SEED = "TICKET_EXPORT_TEST_ENDINGS_SEED"
# What a process would import, and an SFTP server's driver.
_IMPORTED = (
    "paramiko",
    "smart_open",
    "sqlalchemy.dialects.sqlite",
    "tests.endings.processes",
    "ticket_export.container",
    "ticket_export.entrypoints.cli.worker_run",
    "ticket_export.infrastructure.storage.azure",
    "ticket_export.infrastructure.storage.gcs",
    "ticket_export.infrastructure.storage.s3.storage",
)


@pytest.fixture(scope="module")
def seed() -> str:
    """What repeats a run: the same writers end in the same ways, though never quite at the same moments."""
    return os.environ.get(_SEED) or str(Random().randrange(1_000_000))


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    with ForkServer(tmp_path_factory.mktemp("processes"), *_IMPORTED) as server:
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
def scenes(
    tmp_path: Path, fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch, show: Callable[[str], None]
) -> Iterator[dict[str, Scene]]:
    """Every store, but those whose program is missing, which is said."""
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", PART_BYTES)
    scenes: dict[str, Scene] = {}
    with ExitStack() as opened:
        for name in _ON:
            try:
                scenes[name] = opened.enter_context(scene(name, tmp_path, fork_server))
            except pytest.skip.Exception as skipped:
                show(f"\n{name} is left out: {skipped}")
            else:
                make_parts_small(monkeypatch, scenes[name].storage)
        yield scenes
