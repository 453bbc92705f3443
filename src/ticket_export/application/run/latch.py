"""An event that happens once, and that a signal handler may announce."""

from __future__ import annotations

from contextlib import suppress
from math import inf
from threading import Lock
from time import monotonic
from typing import Final

# Seconds between two looks of a thread that waits.
_LOOK_EVERY: Final = 1.0


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
        deadline = inf if timeout is None else monotonic() + timeout
        while not self._is_set and (rest := deadline - monotonic()) > 0:
            # A signal handler that raises, as that of Ctrl-C does, may keep the latch from being opened.
            if self._gate.acquire(timeout=min(rest, _LOOK_EVERY)):
                self._open()
        return self._is_set

    def _open(self) -> None:
        # Another thread may have opened it in the meantime.
        with suppress(RuntimeError):
            self._gate.release()
