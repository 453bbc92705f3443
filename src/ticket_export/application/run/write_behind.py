"""Writing in a thread next to the one that reads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Condition, Event, Thread
from time import monotonic
from types import TracebackType
from typing import Self

import attrs

from ticket_export.application.ports.file_format import RowBlock

# Seconds between two checks of a reader that waits.
_LOOK_EVERY = 0.1
# Blocks of fewer bytes in all, which are read in fewer seconds, are not worth a thread.
_LITTLE, _SOON = 64 * 1024, 0.1


@attrs.frozen
class Step:
    """An action for each block. `late` makes the error of an action that takes too long, from the seconds."""

    act: Callable[[RowBlock], None]
    late: Callable[[float], Exception] | None = None


@attrs.define(eq=False)
class WriteBehind:
    """Calls `steps` with each block, in order, in a thread of its own. Their errors come out of the ``with`` block.

    The reader is at most `ahead` blocks in front of the steps, and otherwise waits. It may hold a snapshot, so it waits
    only as long as `require` raises no error, and no longer than `patience` for a step that has `late`. If `ahead` is
    0, each block is written before the next one is read.

    The end of the ``with`` block waits until the rest is written. An error that leaves the block drops the rest.

    The thread starts when there is something to gain: when more than a little is read, or reading takes more than a
    moment. The steps of a small export are called at the end of the ``with`` block, by the thread that leaves it.
    """

    _steps: Sequence[Step]
    _require: Callable[[], None] = attrs.field(kw_only=True)
    _ahead: int = attrs.field(kw_only=True)
    _patience: timedelta = attrs.field(kw_only=True)
    _blocks: deque[RowBlock] = attrs.field(factory=deque, init=False)
    # The blocks that wait, and the one that is being written.
    _unwritten: int = attrs.field(default=0, init=False)
    # The step that the thread is in, if any, and its start.
    _current: tuple[Step | None, float] = attrs.field(default=(None, 0.0), init=False)
    _is_over: bool = attrs.field(default=False, init=False)
    _error: BaseException | None = attrs.field(default=None, init=False)
    _changed: Condition = attrs.field(factory=Condition, init=False)
    _ended: Event = attrs.field(factory=Event, init=False)
    _thread: Thread | None = attrs.field(default=None, init=False)
    _began_at: float = attrs.field(default=0.0, init=False)
    # The bytes that were read before the thread started.
    _read: int = attrs.field(default=0, init=False)

    def __enter__(self) -> Self:
        self._began_at = monotonic()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._thread is None:
            self._is_over = True
            if exc is None:
                self._write_rest()
            return
        try:
            self._end(self._thread, is_dropping=exc is not None)
        except BaseException:
            # Interrupted: the thread must have ended before the file is discarded.
            self._end(self._thread, is_dropping=True)
            raise
        if exc is None and self._error is not None:
            raise self._error

    def put(self, block: RowBlock) -> None:
        """Add `block` to those that are to be written.

        Raises:
            BaseException: the error of a step or of `require`, or the `late` of a step.
        """
        self._require()
        if self._thread is None:
            self._read += len(block.data)
            is_soon = monotonic() - self._began_at < _SOON
            if len(self._blocks) < self._ahead and self._read < _LITTLE and is_soon:
                self._blocks.append(block)
                self._unwritten += 1
                return
            self._start()
        with self._changed:
            self._blocks.append(block)
            self._unwritten += 1
            self._changed.notify_all()
            self._wait_for_room()
            if self._error is not None:
                raise self._error

    def _start(self) -> None:
        # A daemon: a process that ends must not wait for a storage that hangs.
        thread = self._thread = Thread(target=self._run, name="writer of an export", daemon=True)
        try:
            thread.start()
        except BaseException:
            # Interrupted, perhaps after the start of the thread, which nothing else would end.
            with self._changed:
                self._is_over = True
                self._blocks.clear()
                self._changed.notify_all()
            self._thread = None
            raise

    def _wait_for_room(self) -> None:
        began_at = monotonic()
        patience = self._patience.total_seconds()
        while self._error is None and self._unwritten > self._ahead:
            self._changed.wait(_LOOK_EVERY)
            self._require()
            step, since = self._current
            if step and step.late and monotonic() - max(began_at, since) > patience:
                raise step.late(patience)

    def _end(self, thread: Thread, *, is_dropping: bool) -> None:
        with self._changed:
            self._is_over = True
            if is_dropping:
                self._blocks.clear()
            self._changed.notify_all()
        # Not only `join`: after an interrupted `join`, Python 3.11 considers the thread ended.
        self._ended.wait()
        thread.join()

    def _run(self) -> None:
        try:
            self._write_rest()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread of the reader
            with self._changed:
                self._error = error
                self._changed.notify_all()
        finally:
            self._ended.set()

    def _write_rest(self) -> None:
        while (block := self._next()) is not None:
            for step in self._steps:
                self._current = step, monotonic()
                step.act(block)
            self._count_written()

    def _next(self) -> RowBlock | None:
        with self._changed:
            while not self._blocks and not self._is_over:
                self._changed.wait()
            return self._blocks.popleft() if self._blocks else None

    def _count_written(self) -> None:
        with self._changed:
            self._unwritten -= 1
            self._current = (None, 0.0)
            self._changed.notify_all()
