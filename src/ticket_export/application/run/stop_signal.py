"""How a worker is told to stop, from another thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock


class StopSignal:
    """Given once, by any thread; whoever works asks for it, or is called.

    Not to be given from a signal's handler, which may have interrupted whoever holds the lock; a handler
    leaves a word for a thread that gives it.
    """

    def __init__(self) -> None:
        self._is_given = False
        self._actions: list[Callable[[], None]] = []
        self._lock = Lock()

    @property
    def is_given(self) -> bool:
        """Whether it is time to stop."""
        return self._is_given

    def give(self) -> None:
        """Stop everybody; a second time changes nothing."""
        with self._lock:
            self._is_given = True
            actions = tuple(self._actions)
        for action in actions:
            action()

    @contextmanager
    def calling(self, action: Callable[[], None]) -> Iterator[None]:
        """Inside the block, call `action` as soon as the signal is given; at once, if it was before.

        `action` must be quick, and may be called twice and by any thread.
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
