"""Writing beside reading, so that neither waits for the other for longer than it must."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Condition, Event, Thread
from time import monotonic
from types import TracebackType
from typing import Self

import attrs

from ticket_export.application.ports.ticket_source import CsvBlock

# Seconds between two looks of a reader that is kept waiting.
_LOOK_EVERY = 0.1


@attrs.frozen
class Step:
    """Something that is done with each block; whoever is not to be waited for raises `late`, given the seconds."""

    act: Callable[[CsvBlock], None]
    late: Callable[[float], Exception] | None = None


@attrs.define(eq=False)
class WriteBehind:
    """Takes each block through `steps`, in order, in a thread of its own; what they raise comes out of the block.

    Whoever reads is at most `ahead` blocks in front, and waits while it is. It may hold a snapshot then, so it waits
    only as long as `require` raises nothing, and no longer than `patience` for one step that may be late. With 0
    `ahead`, each block is written before the next one is read.

    Leaving the ``with`` block waits for the rest to be written; an error on its way out drops the rest.
    """

    _steps: Sequence[Step]
    _require: Callable[[], None] = attrs.field(kw_only=True)
    _ahead: int = attrs.field(kw_only=True)
    _patience: timedelta = attrs.field(kw_only=True)
    _blocks: deque[CsvBlock] = attrs.field(factory=deque, init=False)
    # Those that wait, and the one that is being written.
    _unwritten: int = attrs.field(default=0, init=False)
    # What the thread is at, if it is at anything, and since when.
    _current: tuple[Step | None, float] = attrs.field(default=(None, 0.0), init=False)
    _is_over: bool = attrs.field(default=False, init=False)
    _error: BaseException | None = attrs.field(default=None, init=False)
    _changed: Condition = attrs.field(factory=Condition, init=False)
    _ended: Event = attrs.field(factory=Event, init=False)
    _thread: Thread = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        # A daemon: a process that ends must not wait for a storage that hangs.
        self._thread = Thread(target=self._run, name="writer of an export", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except BaseException:
            # Interrupted, with the thread there or not: nobody would ever end it.
            with self._changed:
                self._is_over = True
                self._changed.notify_all()
            raise
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._end(is_dropping=exc is not None)
        except BaseException:
            # Interrupted: whoever discards the file next should not do so under the hands of the thread.
            self._end(is_dropping=True)
            raise
        if exc is None and self._error is not None:
            raise self._error

    def put(self, block: CsvBlock) -> None:
        """Let `block` be written after those before it.

        Raises:
            BaseException: whatever a step or `require` has raised, or a step's `late`.
        """
        self._require()
        with self._changed:
            self._blocks.append(block)
            self._unwritten += 1
            self._changed.notify_all()
            self._wait_for_room()
            if self._error is not None:
                raise self._error

    def _wait_for_room(self) -> None:
        began_at = monotonic()
        patience = self._patience.total_seconds()
        while self._error is None and self._unwritten > self._ahead:
            self._changed.wait(_LOOK_EVERY)
            self._require()
            step, since = self._current
            if step and step.late and monotonic() - max(began_at, since) > patience:
                raise step.late(patience)

    def _end(self, *, is_dropping: bool) -> None:
        with self._changed:
            self._is_over = True
            if is_dropping:
                self._blocks.clear()
            self._changed.notify_all()
        # Not only joined: Python 3.11 takes a thread for ended once a join of it was interrupted.
        self._ended.wait()
        self._thread.join()

    def _run(self) -> None:
        try:
            while (block := self._next()) is not None:
                for step in self._steps:
                    self._current = step, monotonic()
                    step.act(block)
                self._count_written()
        except BaseException as error:  # noqa: BLE001 - raised again, in the thread of whoever reads
            with self._changed:
                self._error = error
                self._changed.notify_all()
        finally:
            self._ended.set()

    def _next(self) -> CsvBlock | None:
        with self._changed:
            while not self._blocks and not self._is_over:
                self._changed.wait()
            return self._blocks.popleft() if self._blocks else None

    def _count_written(self) -> None:
        with self._changed:
            self._unwritten -= 1
            self._current = (None, 0.0)
            self._changed.notify_all()
