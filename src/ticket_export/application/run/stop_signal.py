"""The signal by which another thread, or a signal handler, stops a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ticket_export.application.run.latch import Latch


class StopSignal:
    """Is given once, by any thread or by a signal handler. The threads that work read `is_given`, or are called.

    ::

        stop = StopSignal()
        signal.signal(signal.SIGTERM, lambda *_: stop.give())
        container.worker().run(stop=stop)
    """

    def __init__(self) -> None:
        self._latch = Latch()
        # Changed without a lock, which the thread that a signal handler has interrupted may hold.
        self._actions: list[Callable[[], None]] = []

    @property
    def is_given(self) -> bool:
        """Whether the signal was given."""
        return self._latch.is_set()

    def give(self) -> None:
        """Give the signal. A second call has no effect."""
        self._latch.set()
        for action in tuple(self._actions):
            action()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the signal is given, at most `timeout` seconds; return whether it was given.

        In the main thread, wait in short calls: Python runs no handler for a signal that comes just before a call.
        """
        return self._latch.wait(timeout)

    @contextmanager
    def calling(self, action: Callable[[], None]) -> Iterator[None]:
        """Inside the block, call `action` as soon as the signal is given, or at once if it was given before.

        `action` must be quick. It may be called several times, by any thread, and by a signal handler: so it must take
        no lock that the interrupted thread may hold. `Latch.set` is such an action.
        """
        self._actions.append(action)
        try:
            if self.is_given:
                action()
            yield
        finally:
            self._actions.remove(action)
