"""Waking the idle threads of one process."""

from __future__ import annotations

from threading import Condition, local


class WakeUp:
    """Calls every thread: a thread that waits at once, any other thread when it asks next."""

    def __init__(self) -> None:
        self._calls = 0
        self._called = Condition()
        self._seen = local()

    def call(self) -> None:
        """Wake all threads that wait."""
        with self._called:
            self._calls += 1
            self._called.notify_all()

    def is_called(self) -> bool:
        """Whether a call has come since this thread last asked. True if the thread has never asked."""
        calls = self._calls
        is_called = calls != getattr(self._seen, "calls", None)
        self._seen.calls = calls
        return is_called

    def wait(self, timeout: float) -> None:
        """Return at the first call since this thread last asked, or after `timeout` seconds."""
        seen = getattr(self._seen, "calls", None)
        with self._called:
            self._called.wait_for(lambda: self._calls != seen, timeout)
