"""Work before and after a worker's, which a stop does not wait for."""

from __future__ import annotations

from threading import Event

import pytest

from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.infrastructure.tasks import until_stopped as module
from ticket_export.infrastructure.tasks.until_stopped import until_stopped

#: Seconds; only a failing test waits for so long.
PATIENCE = 60.0


def test_work_is_done_and_its_error_raised() -> None:
    done = Event()
    until_stopped(StopSignal(), done.set)
    assert done.is_set()

    def fail() -> None:
        raise KeyError("no")

    with pytest.raises(KeyError):
        until_stopped(StopSignal(), fail)


def test_nothing_is_begun_after_the_stop() -> None:
    stop, done = StopSignal(), Event()
    stop.give()
    until_stopped(stop, done.set)
    assert not done.is_set()


def test_work_that_does_not_end_is_left_soon_after_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GRACE", 0.05)
    stop, answer = StopSignal(), Event()

    def hang() -> None:
        stop.give()
        assert answer.wait(PATIENCE)

    until_stopped(stop, hang)
    assert not answer.is_set()
    answer.set()


def test_work_that_is_stopped_has_a_moment_to_end() -> None:
    stop, done = StopSignal(), Event()

    def end_soon() -> None:
        stop.give()
        Event().wait(0.1)
        done.set()

    until_stopped(stop, end_soon)
    assert done.is_set()
