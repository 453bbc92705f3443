"""The kit kills what it says, replaces what has ended, and leaves no process behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ticket_export.testing.engines.processes import EngineProcess, EngineProcesses

_PATIENCE = 60
# A worker with one child, which it does not end.
_WITH_CHILD = ["sh", "-c", "sleep 600 & wait"]
_DEAF = ["sh", "-c", "trap '' TERM; sleep 600 & wait; wait"]


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[EngineProcesses]:
    with EngineProcesses([_WITH_CHILD, _WITH_CHILD], os.environ, tmp_path) as processes:
        yield processes


@pytest.fixture
def worker(processes: EngineProcesses) -> EngineProcess:
    worker = processes.alive[0]
    _wait_until(lambda: len(worker.pids) == 2)
    return worker


def _child(worker: EngineProcess) -> int:
    (child,) = worker.children
    return child.pid


def test_worker_is_killed_with_its_children(worker: EngineProcess) -> None:
    child = _child(worker)
    worker.kill()
    assert not worker.is_alive
    assert not _runs(child)


def test_child_alone_is_killed(worker: EngineProcess) -> None:
    child, main = _child(worker), worker.main.pid
    worker.kill_one(child)
    _wait_until(lambda: not _runs(child))
    assert worker.main.pid == main


def test_main_process_alone_is_killed_and_its_children_end_with_the_block(tmp_path: Path) -> None:
    with EngineProcesses([_WITH_CHILD], os.environ, tmp_path) as processes:
        (worker,) = processes.alive
        _wait_until(lambda: len(worker.pids) == 2)
        child = _child(worker)
        worker.kill_main()
        assert not worker.is_alive
        assert _runs(child)
    assert not _runs(child)


def test_process_that_has_ended_is_replaced(processes: EngineProcesses, worker: EngineProcess) -> None:
    other = processes.alive[1]
    worker.kill()
    assert processes.alive == [other]

    def are_two() -> bool:
        processes.keep()
        return len(processes.alive) == 2

    _wait_until(are_two)
    assert worker not in processes.alive
    assert processes.count == 3


def test_process_that_is_told_to_stop_is_replaced_at_once(processes: EngineProcesses, worker: EngineProcess) -> None:
    processes.stop(worker)
    processes.keep()
    assert len(processes.alive) == 2
    assert worker.wait(_PATIENCE)
    assert processes.ended_by_themselves == 0
    assert processes.stop_all() == 0


def test_process_that_does_not_stop_is_counted_and_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticket_export.testing.engines.processes._GRACE", 1.0)
    with EngineProcesses([_DEAF], os.environ, tmp_path) as processes:
        (worker,) = processes.alive
        _wait_until(lambda: len(worker.pids) == 2)
        assert processes.stop_all() == 1
    assert not worker.is_alive


def test_command_that_cannot_run_is_not_started_again_at_once_and_its_log_is_shown(tmp_path: Path) -> None:
    with EngineProcesses([["sh", "-c", "echo no broker; exit 3"]], os.environ, tmp_path) as processes:
        _wait_until(lambda: processes.ended_by_themselves == 1)
        processes.keep()
        assert processes.count == 1
        assert "no broker" in processes.logs()
