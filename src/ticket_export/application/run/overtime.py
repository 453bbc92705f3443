"""What is needed only by blocks that take longer than a moment."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from time import monotonic

import attrs

_log = logging.getLogger(__name__)

# Seconds between two looks at the blocks, and until a thread without blocks ends.
_LOOK_EVERY, _REST = 0.1, 2.0


@attrs.frozen
class _Block:
    begin: Callable[[], None]
    due_at: float
    is_urgent: Callable[[], bool]


class Overtime:
    """Calls a function for each block that takes longer than its time. A block that takes less costs no thread.

    One thread serves all blocks of the process, while there are some.
    """

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin without blocks and without a thread, as a forked process must."""
        self._changed = Condition()
        self._blocks: dict[object, _Block] = {}
        self._thread: Thread | None = None
        self._is_resting = False

    @contextmanager
    def calling(self, begin: Callable[[], None], *, after: float, urgent: Callable[[], bool]) -> Iterator[None]:
        """Call `begin` once if the block takes longer than `after` seconds, or soon after `urgent` returns True.

        `begin` must be quick. It is never called after the block. If it raises an error, it is called again later.

        Raises:
            RuntimeError: the process cannot start a thread.
        """
        key = object()
        try:
            with self._changed:
                self._blocks[key] = _Block(begin, monotonic() + after, urgent)
                self._wake_up()
            yield
        finally:
            with self._changed:
                self._blocks.pop(key, None)

    def _wake_up(self) -> None:
        if self._is_resting:
            self._changed.notify_all()
        elif self._thread is None:
            # A daemon: a process that ends must not wait for it.
            thread = Thread(target=self._run, name="ticket-export overtime", daemon=True)
            thread.start()
            self._thread = thread

    def _run(self) -> None:
        with self._changed:
            while self._has_blocks():
                self._changed.wait(_LOOK_EVERY)
                for key, block in tuple(self._blocks.items()):
                    if monotonic() >= block.due_at or block.is_urgent():
                        self._begin(key, block)

    def _has_blocks(self) -> bool:
        if not self._blocks:
            self._is_resting = True
            self._changed.wait(_REST)
            self._is_resting = False
        if not self._blocks:
            self._thread = None
        return bool(self._blocks)

    def _begin(self, key: object, block: _Block) -> None:
        try:
            block.begin()
        except Exception:  # noqa: BLE001 - such as a process that cannot start a thread now
            _log.warning("an export cannot begin its heartbeat; it tries again", exc_info=True)
        else:
            del self._blocks[key]
