"""Chaos over the smallest engine that has a broker, with and without housekeeping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engines.chaos_tests import ChaosTests
from tests.engines.spool_engine import SpoolEngine, SpoolTaskQueue
from ticket_export.ports import BackgroundTask
from ticket_export.testing import JobEngine, TaskQueueContract
from ticket_export.testing.entities import a_task


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    spool = tmp_path / "spool"
    spool.mkdir()
    return spool


class TestSpoolTaskQueue(TaskQueueContract[SpoolTaskQueue]):
    @pytest.fixture
    def queue(self, spool: Path) -> SpoolTaskQueue:
        return SpoolTaskQueue(spool)

    def commit_task_behind(self, queue: SpoolTaskQueue) -> BackgroundTask:
        return a_task()

    def is_on_its_way_behind(self, queue: SpoolTaskQueue, task: BackgroundTask) -> bool:
        return any(queue.spool.iterdir())

    @contextmanager
    def away_behind(self, queue: SpoolTaskQueue) -> Iterator[None]:
        engine = SpoolEngine(queue.spool)
        engine.stop_broker()
        yield
        engine.start_broker()


class TestSpoolEngine(ChaosTests):
    @pytest.fixture
    def engine(self, spool: Path) -> JobEngine:
        return SpoolEngine(spool)


class WithoutHousekeeping(ChaosTests):
    exports = 8
    patience = 15.0


def test_kit_fails_where_nobody_keeps_house(spool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'help-desk.db'}"
    with pytest.raises(AssertionError, match=r"^\d exports are unfinished, and none ended for 15 s"):
        WithoutHousekeeping().test_every_export_completes_once_whatever_happens_to_the_engine(
            SpoolEngine(spool, keeps_house=False), url, tmp_path, capsys
        )
