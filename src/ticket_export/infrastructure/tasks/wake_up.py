"""Waking the threads of one process that have nothing to do."""

from __future__ import annotations

from threading import Condition, local


class WakeUp:
    """Calls every thread: one that waits at once, any other as soon as it asks."""

    def __init__(self) -> None:
        self._calls = 0
        self._called = Condition()
        self._heard = local()

    def call(self) -> None:
        """Wake all that wait."""
        with self._called:
            self._calls += 1
            self._called.notify_all()

    def is_called(self) -> bool:
        """Whether a call has come since this thread last asked; and yes, if it has never asked."""
        calls = self._calls
        is_called = calls != getattr(self._heard, "calls", None)
        self._heard.calls = calls
        return is_called

    def wait(self, timeout: float) -> None:
        """Come back at the first call since this thread last asked, or after `timeout` seconds."""
        heard = getattr(self._heard, "calls", None)
        with self._called:
            self._called.wait_for(lambda: self._calls != heard, timeout)
