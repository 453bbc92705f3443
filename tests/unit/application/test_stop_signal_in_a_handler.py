"""A signal handler may give the signal, whatever the thread that it interrupts is doing."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from itertools import cycle
from threading import Thread
from time import monotonic, sleep
from types import FrameType

import pytest

from ticket_export import StopSignal
from ticket_export.application.run.latch import Latch

# The usual timeout of a test takes SIGALRM too. A handler would wait for ever for the lock of coverage that its own
# thread holds.
pytestmark = [pytest.mark.timeout(method="thread"), pytest.mark.no_cover]

# Signals that interrupt each method, and the time in which they must come.
_TIMES, _PATIENCE = 3000, 60.0
# Seconds from a turn's beginning to its signal: each of these, so that signals come everywhere in a turn.
_DELAYS = tuple(number / 1_000_000 for number in range(1, 51))


class Signals:
    """Calls an action in a signal handler, once in a turn.

    Only a turn sets the timer. If the handler set it, a slow machine would call the handler in the handler, and so on
    until the error of a recursion too deep, which may come anywhere.
    """

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self.handled = 0

    def turns(self) -> Iterator[None]:
        """Yield at the beginning of each turn, until enough signals have come."""
        deadline = monotonic() + _PATIENCE
        for turn, delay in enumerate(cycle(_DELAYS)):
            if self.handled >= _TIMES:
                return
            assert monotonic() < deadline, f"{self.handled} signals in {turn} turns"
            signal.setitimer(signal.ITIMER_REAL, delay)
            yield

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        self._action()
        self.handled += 1


@pytest.fixture
def in_handler() -> Iterator[Callable[[Callable[[], None]], Signals]]:
    """Call something in a signal handler, again and again, until the test ends."""
    before = signal.getsignal(signal.SIGALRM)

    def call(action: Callable[[], None]) -> Signals:
        signals = Signals(action)
        signal.signal(signal.SIGALRM, signals.handle)
        return signals

    yield call
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
    inside: Callable[[StopSignal], object], in_handler: Callable[[Callable[[], None]], Signals]
) -> None:
    current = StopSignal()

    def give() -> None:
        current.give()

    for _ in in_handler(give).turns():
        current = StopSignal()
        inside(current)
    current.give()
    assert current.is_given
    assert current.wait(0)


def test_handler_sets_a_latch_that_its_thread_sets_or_waits_for(
    in_handler: Callable[[Callable[[], None]], Signals],
) -> None:
    current = Latch()

    def act() -> None:
        current.set()

    for _ in in_handler(act).turns():
        current = Latch()
        # Not in one long call: Python runs no handler for a signal that comes just before a call that blocks. The
        # signal may have set the latch of before.
        current.wait(0.001)
        current.set()
        assert current.is_set()


def test_every_waiting_thread_wakes_up() -> None:
    latch, woken = Latch(), list[bool]()
    threads = [Thread(target=lambda: woken.append(latch.wait(_PATIENCE)), daemon=True) for _ in range(20)]
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
    thread = Thread(target=latch.wait, daemon=True)
    thread.start()
    latch.set()
    thread.join(_PATIENCE)
    assert not thread.is_alive()
    assert latch.wait(_PATIENCE)
