"""Calls that may never return, made from a thread that must not wait for them without a limit."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Thread
from types import TracebackType
from typing import Self


class BoundedCalls:
    """Makes one call at a time, in a thread of its own. The caller waits at most `patience` seconds for it.

    The first call starts the thread; a block without a call needs none. While a call is late, no other call is made.
    The end of the block waits once more for a late call, at most `grace` seconds, and then goes on. `grace` is
    `patience` by default.
    """

    def __init__(self, name: str, *, patience: float, grace: float | None = None) -> None:
        self._patience = patience
        self._grace = patience if grace is None else grace
        self._changed = Condition()
        self._call: Callable[[], None] | None = None
        self._is_over = False
        self._error: BaseException | None = None
        self._name = name
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()
        if self._thread is not None:
            self._thread.join(self._grace)

    def make(self, call: Callable[[], None]) -> None:
        """Make `call`, unless an earlier call is late. Raise its error, if it comes in time.

        Raises:
            RuntimeError: the process cannot start a thread.
        """
        if self._thread is None:
            self._start()
        with self._changed:
            if self._call is not None:
                return
            self._call, self._error = call, None
            self._changed.notify_all()
            is_back = self._changed.wait_for(lambda: self._call is None, self._patience)
            if is_back and self._error is not None:
                raise self._error

    def _start(self) -> None:
        # A daemon: a process that ends must not wait for it.
        thread = Thread(target=self._run, name=self._name, daemon=True)
        try:
            thread.start()
        except BaseException:
            # Interrupted, perhaps after the start of the thread, which nothing else would end.
            self._end()
            raise
        self._thread = thread

    def _end(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._call is not None or self._is_over)
                call = self._call
            if call is None:
                return
            error = None
            try:
                call()
            except BaseException as raised:  # noqa: BLE001 - raised again in the thread of the caller
                error = raised
            with self._changed:
                self._call, self._error = None, error
                self._changed.notify_all()
