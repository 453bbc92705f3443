"""A block that takes longer than its time is noticed, and one that takes less costs no thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event, Thread
from threading import enumerate as enumerate_threads
from time import monotonic, sleep

import pytest

from ticket_export.application.run.overtime import Overtime

# Seconds; only a failing test waits for so long.
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _short_rest(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("ticket_export.application.run.overtime._REST", 0.1)
    yield
    await_that(lambda: not threads())


def threads() -> list[Thread]:
    return [thread for thread in enumerate_threads() if thread.name == "ticket-export overtime"]


def await_that(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline
        sleep(0.01)


def never() -> bool:
    return False


def test_block_that_takes_long_is_begun_once_and_others_are_not() -> None:
    overtime, calls, begun = Overtime(), list[str](), Event()

    def begin() -> None:
        calls.append("long")
        begun.set()

    with overtime.calling(begin, after=0.1, urgent=never):
        for _ in range(3):
            with overtime.calling(lambda: calls.append("short"), after=PATIENCE, urgent=never):
                pass
        assert begun.wait(PATIENCE)
        sleep(0.2)
    assert calls == ["long"]


def test_urgent_block_is_begun_soon() -> None:
    overtime, urgent, begun = Overtime(), Event(), Event()
    with overtime.calling(begun.set, after=10 * PATIENCE, urgent=urgent.is_set):
        assert not begun.wait(0.2)
        urgent.set()
        assert begun.wait(PATIENCE)


def test_block_that_cannot_be_begun_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    overtime, begun, failures = Overtime(), Event(), [RuntimeError("can't start new thread")]

    def begin() -> None:
        if failures:
            raise failures.pop()
        begun.set()

    with overtime.calling(begin, after=0, urgent=never):
        assert begun.wait(PATIENCE)
    assert "can't start new thread" in caplog.text


def test_one_thread_serves_all_blocks_and_ends_when_there_are_none() -> None:
    overtime, begun = Overtime(), Event()
    with overtime.calling(lambda: None, after=PATIENCE, urgent=never):
        pass
    (thread,) = threads()
    # While it rests.
    await_that(lambda: overtime._is_resting)
    with overtime.calling(begun.set, after=0, urgent=never):
        assert begun.wait(PATIENCE)
        assert len(threads()) == 1
    thread.join(PATIENCE)
    with overtime.calling(lambda: None, after=PATIENCE, urgent=never):
        assert len(threads()) == 1


def test_block_whose_thread_cannot_start_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    overtime, called = Overtime(), list[str]()

    def refuse(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Thread, "start", refuse)
        with pytest.raises(RuntimeError), overtime.calling(lambda: called.append("late"), after=0, urgent=never):
            pytest.fail("it has started")
    begun = Event()
    with overtime.calling(begun.set, after=0, urgent=never):
        assert begun.wait(PATIENCE)
    assert called == []


def test_forked_process_waits_for_no_lock_of_its_parent() -> None:
    overtime, begun = Overtime(), Event()
    # As if by a thread that the child does not have.
    overtime._changed.acquire(timeout=PATIENCE)
    overtime.renew()
    with overtime.calling(begun.set, after=0, urgent=never):
        assert begun.wait(PATIENCE)
