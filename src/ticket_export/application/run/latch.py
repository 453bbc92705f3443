"""An event that happens once, and that a signal handler may announce."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock


class Latch:
    """Is set once, and stays set.

    `set` may be called by any thread, and by a signal handler that has interrupted this thread in any other method.
    (`threading.Event` would wait forever for its own lock there.)
    """

    def __init__(self) -> None:
        self._is_set = False
        # Locked until the latch is set. A thread that waits takes it and returns it at once, for the next one. Python
        # takes and returns such a lock in one step, which no signal handler can interrupt.
        self._gate = Lock()
        self._gate.acquire()

    def is_set(self) -> bool:
        """Return whether the latch is set."""
        return self._is_set

    def set(self) -> None:
        """Set the latch and wake up every thread that waits. A second call has no effect."""
        self._is_set = True
        self._open()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the latch is set, at most `timeout` seconds; return whether it is set."""
        if not self._is_set and self._gate.acquire(timeout=-1 if timeout is None else timeout):
            self._open()
        return self._is_set

    def _open(self) -> None:
        # Another thread may have opened it in the meantime.
        with suppress(RuntimeError):
            self._gate.release()
