"""A call that never comes back is waited for only once, and only so long."""

from __future__ import annotations

from threading import Event, Thread
from threading import enumerate as enumerate_threads
from time import monotonic

import pytest

from ticket_export.application.run.bounded_calls import BoundedCalls

#: Seconds; only a failing test waits for so long.
PATIENCE = 60.0


def test_call_is_made_before_its_caller_goes_on() -> None:
    made: list[int] = []
    with BoundedCalls("calls", patience=PATIENCE) as calls:
        for number in range(3):
            calls.make(lambda number=number: made.append(number))  # type: ignore[misc]
            assert made == list(range(number + 1))


def test_what_a_call_raises_comes_out_and_the_next_one_is_made() -> None:
    def fail() -> None:
        raise KeyError("no")

    made = Event()
    with BoundedCalls("calls", patience=PATIENCE) as calls:
        with pytest.raises(KeyError):
            calls.make(fail)
        calls.make(made.set)
    assert made.is_set()


def test_late_call_keeps_nobody_and_no_other_is_made_until_it_is_back() -> None:
    answer, ended, made = Event(), Event(), Event()

    def hang() -> None:
        assert answer.wait(PATIENCE)
        ended.set()
        raise KeyError("nobody waits for it any more")

    with BoundedCalls("calls", patience=0.05) as calls:
        calls.make(hang)
        calls.make(made.set)
        assert not made.is_set()
        answer.set()
        assert ended.wait(PATIENCE)
        deadline = monotonic() + PATIENCE
        while not made.is_set():
            assert monotonic() < deadline
            calls.make(made.set)


def test_block_ends_though_its_call_does_not() -> None:
    answer = Event()

    def hang() -> None:
        assert answer.wait(PATIENCE)

    with BoundedCalls("calls that hang", patience=0.05) as calls:
        calls.make(hang)
    answer.set()
    for thread in enumerate_threads():
        if thread.name == "calls that hang":
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_thread_whose_start_is_interrupted_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    start = Thread.start

    def interrupted(thread: Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), BoundedCalls("interrupted calls", patience=PATIENCE) as calls:
        calls.make(lambda: None)
    for thread in enumerate_threads():
        if thread.name == "interrupted calls":
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_block_without_a_call_starts_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    with BoundedCalls("calls", patience=PATIENCE) as calls:
        pass
    with calls, pytest.raises(RuntimeError):
        calls.make(lambda: None)
