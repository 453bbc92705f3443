"""A signal handler may give the signal, whatever the thread that it interrupts is doing."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from itertools import count
from threading import Thread
from time import monotonic, sleep
from types import FrameType

import pytest

from ticket_export import StopSignal
from ticket_export.application.run.latch import Latch

# The usual timeout of a test takes SIGALRM too.
pytestmark = pytest.mark.timeout(method="thread")

# Signals that interrupt each method, and the time in which they must come.
_TIMES, _PATIENCE = 3000, 60.0
_EVERY = 0.00002


@pytest.fixture
def in_handler() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Call something in a signal handler, again and again, until the test ends."""
    before, over = signal.getsignal(signal.SIGALRM), Latch()

    def call(action: Callable[[], None]) -> None:
        def handle(_number: int, _frame: FrameType | None) -> None:
            if not over.is_set():
                action()
                signal.setitimer(signal.ITIMER_REAL, _EVERY)

        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, _EVERY)

    yield call
    # First: a handler that runs now would set the timer again.
    over.set()
    signal.setitimer(signal.ITIMER_REAL, 0)
    # A signal that has arrived must meet the handler: Python complains if there is none any more.
    sleep(0.01)
    signal.signal(signal.SIGALRM, before)


def _call(stop: StopSignal) -> None:
    with stop.calling(Latch().set):
        pass


@pytest.mark.parametrize(
    "inside",
    [StopSignal.give, lambda stop: stop.is_given, lambda stop: stop.wait(0), lambda stop: stop.wait(0.001), _call],
    ids=["give", "is_given", "wait no time", "wait", "calling"],
)
def test_handler_gives_while_its_thread_is_inside(
    inside: Callable[[StopSignal], object], in_handler: Callable[[Callable[[], None]], None]
) -> None:
    current, given = StopSignal(), 0

    def give() -> None:
        nonlocal given
        current.give()
        given += 1

    in_handler(give)
    deadline = monotonic() + _PATIENCE
    for turn in count():
        if given >= _TIMES:
            break
        assert monotonic() < deadline, f"{given} signals in {turn} turns"
        current = StopSignal()
        inside(current)
    current.give()
    assert current.is_given
    assert current.wait(0)


def test_handler_sets_a_latch_that_its_thread_sets_or_waits_for(
    in_handler: Callable[[Callable[[], None]], None],
) -> None:
    current, given = Latch(), 0

    def act() -> None:
        nonlocal given
        current.set()
        given += 1

    in_handler(act)
    while given < _TIMES:
        current = Latch()
        # Not in one long call: Python runs no handler for a signal that comes just before a call that blocks.
        while not current.wait(0.01):
            pass
        current.set()
        assert current.is_set()


def test_every_waiting_thread_wakes_up() -> None:
    latch, woken = Latch(), list[bool]()
    threads = [Thread(target=lambda: woken.append(latch.wait(_PATIENCE))) for _ in range(20)]
    for thread in threads:
        thread.start()
    assert not latch.wait(0.01)
    assert woken == []
    latch.set()
    for thread in threads:
        thread.join(_PATIENCE)
    assert woken == [True] * len(threads)


def test_wait_without_a_limit_ends_when_the_latch_is_set() -> None:
    latch = Latch()
    thread = Thread(target=latch.wait)
    thread.start()
    latch.set()
    thread.join(_PATIENCE)
    assert not thread.is_alive()
    assert latch.wait()
