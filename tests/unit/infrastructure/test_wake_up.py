from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from ticket_export.infrastructure.tasks.database_task_queue import WakeUp

#: Seconds; only a failing test waits for so long.
PATIENCE = 60.0


@pytest.fixture
def wake_up() -> WakeUp:
    return WakeUp()


def test_thread_that_comes_for_the_first_time_is_called(wake_up: WakeUp) -> None:
    assert wake_up.is_called()
    assert not wake_up.is_called()


def test_call_is_heard_once_by_every_thread(wake_up: WakeUp) -> None:
    ready, called = Barrier(4, timeout=PATIENCE), Barrier(4, timeout=PATIENCE)

    def ask(_number: int) -> list[bool]:
        answers = [wake_up.is_called(), wake_up.is_called()]
        ready.wait(PATIENCE)
        called.wait(PATIENCE)
        return [*answers, wake_up.is_called(), wake_up.is_called()]

    with ThreadPoolExecutor(3) as threads:
        answers = threads.map(ask, range(3))
        ready.wait(PATIENCE)
        wake_up.call()
        wake_up.call()
        called.wait(PATIENCE)
        assert list(answers) == [[True, False, True, False]] * 3


def test_call_that_came_before_is_not_waited_for(wake_up: WakeUp) -> None:
    wake_up.is_called()
    wake_up.call()
    wake_up.wait(float("1e6"))
    assert wake_up.is_called()


def test_all_that_wait_are_called(wake_up: WakeUp) -> None:
    ready = Barrier(4, timeout=PATIENCE)

    def wait(_number: int) -> bool:
        wake_up.is_called()
        ready.wait(PATIENCE)
        wake_up.wait(PATIENCE)
        return wake_up.is_called()

    with ThreadPoolExecutor(3) as threads:
        answers = threads.map(wait, range(3))
        ready.wait(PATIENCE)
        wake_up.call()
        assert list(answers) == [True] * 3


@pytest.mark.parametrize("timeout", [-1.0, 0.0, 0.01])
def test_wait_has_an_end(wake_up: WakeUp, timeout: float) -> None:
    wake_up.is_called()
    wake_up.wait(timeout)
    assert not wake_up.is_called()
