"""One thread of a worker, which runs one export after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Event, Thread
from time import monotonic

import attrs

from ticket_export.application.dto import ExportJobDto
from ticket_export.application.ports.task_queue import SupportsWaiting, TaskQueue
from ticket_export.application.run.progress import Progress
from ticket_export.application.run.run_outcome import RunResult
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.use_cases.run_next_export import RunNextExport

_log = logging.getLogger(__name__)

# Seconds between two looks of an idle thread at the stop signal.
_IDLE = 0.5
# Seconds of pause after an error: at first, and at most; and after an export that was lost.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
_SHORT_PAUSE = 0.05
# Seconds. The heartbeat gives up an export without progress and can say more about it, so the worker acts later.
_LATER = 2.0


@attrs.define(eq=False)
class Runner:
    """A thread, with `ended` set at its end and `error` if an error ended it.

    Once `end` is given, it begins no other export. Once `stop` is given, it hands back the one that it runs.

    Where a signal may interrupt, wait for `ended`: Python 3.11 takes a thread for ended after an interrupted ``join``.
    """

    _run_next_export: RunNextExport
    _task_queue: TaskQueue
    _stop: StopSignal
    _end: StopSignal
    _on_end: Callable[[ExportJobDto], None]
    _around: Callable[[], AbstractContextManager[object]] = attrs.field(default=nullcontext, kw_only=True)
    _is_draining: bool = attrs.field(kw_only=True)
    _turn_at: float = attrs.field(factory=monotonic, init=False)
    error: BaseException | None = attrs.field(default=None, init=False)
    thread: Thread = attrs.field(init=False)
    ended: Event = attrs.field(factory=Event, init=False)
    _stuck: Event = attrs.field(factory=Event, init=False)

    def __attrs_post_init__(self) -> None:
        self.thread = Thread(target=self._run, name="ticket-export runner", daemon=True)

    @property
    def is_stuck(self) -> bool:
        """Whether its export, or another call, makes no progress. It then begins nothing more and must be replaced."""
        patience = self._run_next_export.run_export.stall.total_seconds() + _LATER
        if not self.ended.is_set() and monotonic() - self._turn_at > patience:
            self._stuck.set()
        return self._stuck.is_set()

    def _run(self) -> None:
        try:
            self._run_exports()
        except BaseException as error:  # noqa: BLE001 - the worker raises it in the caller's thread
            self.error = error
        finally:
            self.ended.set()

    def _run_exports(self) -> None:
        pause = _FIRST_PAUSE
        # A runner that was stuck has been replaced.
        while not self._end.is_given and not self._stuck.is_set():
            self._take_turn()
            trouble: Exception | None = None
            try:
                with self._around():
                    outcome = self._run_next_export(
                        on_progress=self._take_turn, stop=self._stop, on_stall=self._stuck.set
                    )
                    if outcome.job is not None:
                        self._on_end(outcome.job)
                if outcome.job is not None:
                    pause = _FIRST_PAUSE
                    continue
                if outcome.result is RunResult.LOST:
                    # It is logged already.
                    trouble = outcome.error
                elif outcome.result is RunResult.NOTHING:
                    if self._is_draining:
                        return
                    self._wait_for_work()
                else:
                    # The export was cancelled, taken over or handed back, which is logged.
                    self._pause(_SHORT_PAUSE)
            except Exception as error:  # noqa: BLE001 - raised below, after some tries
                trouble = error
                _log.exception("the worker failed; it continues in %g s", pause)
            if trouble is None:
                pause = _FIRST_PAUSE
                continue
            if self._is_draining and pause == _LONGEST_PAUSE:
                raise trouble
            self._pause(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _wait_for_work(self) -> None:
        if not isinstance(self._task_queue, SupportsWaiting):
            self._pause(_IDLE)
            return
        # Claiming takes a lock of the database, so it waits until there is something to claim.
        while not self._end.is_given and not self._stuck.is_set() and not self._task_queue.wait(_IDLE):
            self._take_turn()

    def _pause(self, timeout: float) -> None:
        self._turn_at = monotonic() + timeout
        self._end.wait(timeout)

    def _take_turn(self, _progress: Progress | None = None) -> None:
        self._turn_at = monotonic()
