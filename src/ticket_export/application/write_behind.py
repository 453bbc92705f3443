"""Writing beside reading, so that neither waits for the other for longer than it must."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from threading import Condition, Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Self

import attrs

from ticket_export.application.ports.ticket_source import CsvBlock
from ticket_export.errors import StorageError

if TYPE_CHECKING:
    from types import TracebackType


# Seconds between two looks of a reader that is kept waiting.
_LOOK_EVERY = 0.1


@attrs.define(eq=False)
class WriteBehind:
    """Hands blocks to `write`, in order, in a thread of its own; what it raises comes out of the block.

    Whoever reads is at most `ahead` blocks in front, and waits while it is, since it may hold a snapshot then: for no
    longer than `patience`, and only as long as `require` raises nothing. With 0 `ahead`, each block is written before
    the next one is read.

    Leaving the ``with`` block waits for the rest to be written; an error on its way out drops the rest.
    """

    _write: Callable[[CsvBlock], None]
    _require: Callable[[], None] = attrs.field(kw_only=True)
    _ahead: int = attrs.field(kw_only=True)
    _patience: timedelta = attrs.field(kw_only=True)
    _blocks: deque[CsvBlock] = attrs.field(factory=deque, init=False)
    # Those that wait, and the one that is being written.
    _unwritten: int = attrs.field(default=0, init=False)
    _written_at: float = attrs.field(factory=monotonic, init=False)
    _is_over: bool = attrs.field(default=False, init=False)
    _error: BaseException | None = attrs.field(default=None, init=False)
    _changed: Condition = attrs.field(factory=Condition, init=False)
    _ended: Event = attrs.field(factory=Event, init=False)
    _thread: Thread = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        # A daemon: a process that ends must not wait for a storage that hangs.
        self._thread = Thread(target=self._run, name="writer of an export", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
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
            StorageError: nothing was written for as long as the patience lasts.
            BaseException: whatever the writing or `require` has raised.
        """
        with self._changed:
            self._blocks.append(block)
            self._unwritten += 1
            self._changed.notify_all()
            self._wait_for_room()
            if self._error is not None:
                raise self._error

    def _wait_for_room(self) -> None:
        began_at = monotonic()
        while self._error is None and self._unwritten > self._ahead:
            self._changed.wait(_LOOK_EVERY)
            self._require()
            if monotonic() - max(began_at, self._written_at) > self._patience.total_seconds():
                raise StorageError(f"The storage took nothing for {self._patience.total_seconds():g} s.")

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
                self._write(block)
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
            self._written_at = monotonic()
            self._changed.notify_all()
