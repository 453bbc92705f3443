"""The calls of one upload to its store, in threads of their own, so that the next rows are read meanwhile."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from threading import Condition, get_ident
from typing import Final

from ticket_export.errors import StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.bases.daemon_threads import call_in_daemon

_log = logging.getLogger(__name__)

# Seconds that an interrupted upload may take to end.
_GRACE: Final = 2.0


class Sending:
    """Makes calls to a store, `parallel` at a time, one or two.

    A store may never respond. So each call has a daemon thread, with which a process can end, and `interrupt` ends
    every wait for one. The end of Python ends them too: then daemon threads no longer run, and a new one never starts.
    """

    def __init__(self, *, parallel: int = 1, patience: timedelta | None = None) -> None:
        """`patience` limits the wait of `end`, since not every call of every driver has a time limit."""
        self._parallel = parallel
        self._patience = None if patience is None else patience.total_seconds()
        self._changed = Condition()
        # Calls whose thread has not begun them yet, and those under way, each with its thread.
        self._waiting: set[object] = set()
        self._calling: dict[object, int] = {}
        self._error: Exception | None = None
        self._is_interrupted = False

    @property
    def is_interrupted(self) -> bool:
        """Whether `interrupt` was called, or Python ends."""
        return self._is_interrupted or sys.is_finalizing()

    def interrupt(self) -> None:
        """Make `begin`, `finish` and `require` raise, also those that wait now."""
        with self._changed:
            self._is_interrupted = True
            self._changed.notify_all()

    def require(self) -> None:
        """Raise the error of an earlier call, or `StorageUnavailableError` after `interrupt`."""
        if self._error is not None:
            raise self._error
        if self.is_interrupted:
            raise StorageUnavailableError("the file could not be written: its upload was interrupted")

    def begin(self, call: Callable[[], object]) -> None:
        """Begin a call when fewer than `parallel` are under way. So one part more is in memory: the next one.

        Raises:
            Exception: that of an earlier call, or as `require` does.
            RuntimeError: the process cannot start a thread.
        """
        self._wait_for_most(self._parallel - 1)
        self._start(call)

    def finish(self) -> None:
        """Wait for all calls; raises as `begin` does."""
        self._wait_for_most(0)

    def end(self, clean_up: Callable[[], None]) -> None:
        """Call `clean_up` when no other call is under way, and wait for that; after `interrupt`, only for a moment.

        After that, and after the patience, the store's response decides when it is called. `clean_up` must not raise an
        error of the store. While Python ends, it is not called: what was sent stays, as after a kill.
        """
        if sys.is_finalizing():
            # The threads of its calls do not go on, and no other thread starts.
            return
        with self._changed:
            before = self._waiting | self._calling.keys()
            is_in_a_call = get_ident() in self._calling.values()

        def close() -> None:
            with self._changed:
                self._changed.wait_for(lambda: before.isdisjoint(self._waiting | self._calling.keys()))
            clean_up()

        if is_in_a_call:
            # Python has collected an abandoned writer in one of its own calls, which would wait for itself.
            with suppress(RuntimeError):
                self._start(close)
            return
        try:
            self._start(close)
        except RuntimeError:
            # The process has no thread for it. Then an interrupt does not end the wait.
            close()
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way or self._is_interrupted, self._patience)
            if not self._changed.wait_for(lambda: not self._under_way, _GRACE):
                _log.warning("an upload was left to its thread, which waits for a response of the storage")

    @property
    def _under_way(self) -> int:
        return len(self._waiting) + len(self._calling)

    def _wait_for_most(self, most: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._under_way <= most or self._error is not None or self.is_interrupted)
            self.require()

    def _start(self, call: Callable[[], object]) -> None:
        mine = object()
        try:
            with self._changed:
                self._waiting.add(mine)
            call_in_daemon(partial(self._run, mine, call))
        except BaseException:
            # There is no thread; or there is one, and this thread was interrupted. It must not begin later.
            with self._changed:
                self._waiting.discard(mine)
                # The end of the upload may wait for it, in another thread.
                self._changed.notify_all()
            raise

    def _run(self, mine: object, call: Callable[[], object]) -> None:
        with self._changed:
            if mine not in self._waiting:
                return
            self._waiting.discard(mine)
            self._calling[mine] = get_ident()
        error: Exception | None = None
        try:
            call()
        except Exception as raised:  # noqa: BLE001 - raised again in the thread of the writer
            error = raised
        except BaseException as raised:  # noqa: BLE001 - a driver's, such as a panic of Rust: no signal comes here
            error = StorageError("the file could not be written: the storage failed; the log has the cause")
            error.__cause__ = raised
        with self._changed:
            del self._calling[mine]
            self._error = self._error or error
            self._changed.notify_all()
