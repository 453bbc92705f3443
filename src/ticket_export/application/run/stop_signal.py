"""The signal by which another thread stops a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock


class StopSignal:
    """Any thread gives it, once. The threads that work read `is_given`, or are called.

    Do not give it from a signal handler, which may have interrupted the thread that holds the lock. A handler sets a
    variable, and a thread that reads it gives the signal.
    """

    def __init__(self) -> None:
        self._is_given = False
        self._actions: list[Callable[[], None]] = []
        self._lock = Lock()

    @property
    def is_given(self) -> bool:
        """Whether the signal was given."""
        return self._is_given

    def give(self) -> None:
        """Give the signal. A second call has no effect."""
        with self._lock:
            self._is_given = True
            actions = tuple(self._actions)
        for action in actions:
            action()

    @contextmanager
    def calling(self, action: Callable[[], None]) -> Iterator[None]:
        """Inside the block, call `action` as soon as the signal is given, or at once if it was given before.

        `action` must be quick. It may be called twice, and by any thread.
        """
        with self._lock:
            self._actions.append(action)
        if self._is_given:
            action()
        try:
            yield
        finally:
            with self._lock:
                self._actions.remove(action)
