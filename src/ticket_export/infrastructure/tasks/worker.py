"""A process that runs what is queued, and keeps the house in order meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Event, Thread
from time import monotonic

import attrs

from ticket_export.application.dto import ExportJobDto
from ticket_export.application.ports.task_queue import SupportsWaiting, TaskQueue
from ticket_export.application.stop_signal import StopSignal
from ticket_export.application.use_cases.run_next_export import RunNextExport
from ticket_export.errors import LeaseLostError
from ticket_export.infrastructure.tasks.housekeeping import Housekeeping

_log = logging.getLogger(__name__)

# Seconds. How long an idle thread waits until it looks whether it is to stop, and pauses after an error.
_IDLE = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
# How long those who run an export have to remove what they wrote, once the job is handed back.
_GRACE = 10.0


def ignore_end(_job: ExportJobDto) -> None:
    """For those who do not watch."""


@attrs.frozen(kw_only=True)
class Worker:
    """Runs exports in threads of its own; blocks whoever calls it.

    Any number of workers may run on one database, on any number of machines.
    """

    run_next_export: RunNextExport
    task_queue: TaskQueue
    housekeeping: Housekeeping

    def run(
        self,
        *,
        concurrency: int = 1,
        stop: StopSignal | None = None,
        on_end: Callable[[ExportJobDto], None] = ignore_end,
    ) -> None:
        """Run exports, `concurrency` at a time, until `stop` is given; those that run are handed back then.

        `on_end` is called with every export that has ended here, by the thread that ran it.
        """
        self._work(concurrency, stop or StopSignal(), on_end, is_draining=False)

    def drain(
        self,
        *,
        concurrency: int = 1,
        stop: StopSignal | None = None,
        on_end: Callable[[ExportJobDto], None] = ignore_end,
    ) -> None:
        """Run what is queued until nothing is, or `stop` is given, then clean up and sweep.

        What another worker is running is left to it.

        Raises:
            JobDatabaseError: the database could not be asked for work, again and again.
        """
        stop = stop or StopSignal()
        self.housekeeping.prepare()
        self._work(concurrency, stop, on_end, is_draining=True)
        if not stop.is_given:
            self.housekeeping.tidy()

    def _work(
        self, concurrency: int, stop: StopSignal, on_end: Callable[[ExportJobDto], None], *, is_draining: bool
    ) -> None:
        is_over = Event()
        run = _Runner(self.run_next_export, self.task_queue, stop, on_end, is_draining)
        runners = [
            Thread(target=run, name=f"ticket-export runner {number}", daemon=True) for number in range(concurrency)
        ]
        keepers = [
            Thread(target=chore.keep, args=(is_over,), name=f"ticket-export {chore.what}", daemon=True)
            for chore in self.housekeeping.chores
        ]
        with stop.calling(is_over.set):
            for thread in (*runners, *keepers):
                thread.start()
            try:
                _wait_for(runners, stop)
            except BaseException:
                # Ctrl-C, where nobody has made a signal to stop of it.
                stop.give()
                _wait_for(runners, stop)
                raise
            finally:
                is_over.set()
            _join(keepers)
        if run.given_up:
            raise run.given_up[0]


def _wait_for(runners: Sequence[Thread], stop: StopSignal) -> None:
    # With a time-out: a signal's handler needs a turn of the main thread now and then.
    while not stop.is_given:
        running = [runner for runner in runners if runner.is_alive()]
        if not running:
            return
        running[0].join(_IDLE)
    _join(runners)


def _join(threads: Sequence[Thread]) -> None:
    deadline = monotonic() + _GRACE
    for thread in threads:
        thread.join(max(0.0, deadline - monotonic()))


@attrs.frozen
class _Runner:
    """What each thread does."""

    run_next_export: RunNextExport
    task_queue: TaskQueue
    stop: StopSignal
    on_end: Callable[[ExportJobDto], None]
    is_draining: bool
    #: What ended a thread that was to drain a queue and could not even look at it.
    given_up: list[Exception] = attrs.field(factory=list)

    def __call__(self) -> None:
        pause = _FIRST_PAUSE
        while not self.stop.is_given:
            try:
                job = self.run_next_export(stop=self.stop)
                if job is not None:
                    self.on_end(job)
                elif self.is_draining:
                    return
                else:
                    self._wait(_IDLE)
            except LeaseLostError:
                continue  # cancelled, taken over or handed back, and logged
            except Exception as error:  # noqa: BLE001 - whatever it was, others wait to be exported
                if self.is_draining and pause == _LONGEST_PAUSE:
                    self.given_up.append(error)
                    return
                _log.exception("the worker failed; it goes on in %g s", pause)
                self._pause(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                pause = _FIRST_PAUSE

    def _wait(self, timeout: float) -> None:
        if isinstance(self.task_queue, SupportsWaiting):
            self.task_queue.wait(timeout)
        else:
            self._pause(timeout)

    def _pause(self, timeout: float) -> None:
        is_stopping = Event()
        with self.stop.calling(is_stopping.set):
            is_stopping.wait(timeout)
