"""A process that runs queued exports and does the housekeeping."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from threading import Thread
from time import monotonic

import attrs

from ticket_export.application.dto import ExportJobDto
from ticket_export.application.ports.task_queue import SupportsListening, TaskQueue
from ticket_export.application.run.latch import Latch
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.use_cases.run_next_export import RunNextExport
from ticket_export.infrastructure.tasks.housekeeping import Housekeeping
from ticket_export.infrastructure.tasks.runner import Runner
from ticket_export.infrastructure.tasks.until_stopped import ignore_turn, until_stopped

_log = logging.getLogger(__name__)

# Seconds between two looks at the threads, in which the main thread also runs the handlers of signals.
_LOOK_EVERY = 0.5
# Seconds in which all threads together have to remove what they wrote, after their jobs are handed back.
_GRACE = 10.0


def _ignore_end(_job: ExportJobDto) -> None:
    """Do nothing when an export ends."""


@attrs.frozen(kw_only=True)
class Worker:
    """Runs exports in threads of its own. Its methods block the caller.

    Any number of workers may run on one database, on any number of machines.

    `around` returns a context that a thread enters around each export and each chore, such as one that looks after
    connections of the host.
    """

    run_next_export: RunNextExport
    task_queue: TaskQueue
    housekeeping: Housekeeping
    around: Callable[[], AbstractContextManager[object]] = nullcontext

    def run(
        self,
        *,
        concurrency: int = 1,
        stop: StopSignal | None = None,
        finish: StopSignal | None = None,
        on_end: Callable[[ExportJobDto], None] = _ignore_end,
        on_turn: Callable[[], None] = ignore_turn,
    ) -> None:
        """Run exports, `concurrency` at a time, until `stop` or `finish` is given.

        After `stop`, hand back the running exports. After `finish`, begin no other export, and return when the running
        ones have ended; `stop` can still be given meanwhile.

        The thread that ran an export calls `on_end` after the export's end. The caller's thread calls `on_turn` at
        least every second, but not in the last seconds after `stop`. An unexpected error gives `stop` too, and is
        raised.

        Raises:
            ValueError: `concurrency` is less than 1.
        """
        queue = self.task_queue
        with (
            _either(stop := stop or StopSignal(), finish or StopSignal()) as end,
            queue.listening() if isinstance(queue, SupportsListening) else nullcontext(),
        ):
            self._work(concurrency, stop, end, on_end, on_turn, is_draining=False)

    def drain(
        self,
        *,
        concurrency: int = 1,
        stop: StopSignal | None = None,
        finish: StopSignal | None = None,
        on_end: Callable[[ExportJobDto], None] = _ignore_end,
        on_turn: Callable[[], None] = ignore_turn,
    ) -> None:
        """Run exports until the queue is empty, then clean up and sweep. The arguments are those of `run`.

        Do not wait for exports that other workers run, nor for an export that makes no progress here.

        Raises:
            ValueError: `concurrency` is less than 1.
            JobDatabaseError: the queue could not be read, at several tries.
            TicketsUnavailableError, StorageUnavailableError: the tickets could not be read, or the storage could not be
                reached, at several tries; their exports are queued.
        """
        with _either(stop := stop or StopSignal(), finish or StopSignal()) as end:
            until_stopped(end, self.housekeeping.prepare, on_turn)
            self._work(concurrency, stop, end, on_end, on_turn, is_draining=True)
            until_stopped(end, self.housekeeping.tidy, on_turn)

    def _work(
        self,
        concurrency: int,
        stop: StopSignal,
        end: StopSignal,
        on_end: Callable[[ExportJobDto], None],
        on_turn: Callable[[], None],
        *,
        is_draining: bool,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, not {concurrency}")

        def runner() -> Runner:
            return Runner(
                self.run_next_export,
                self.task_queue,
                stop,
                end,
                on_end,
                around=self.around,
                is_draining=is_draining,
            )

        is_over = Latch()
        runners = [runner() for _ in range(concurrency)]
        keepers = [
            Thread(target=chore.keep, args=(is_over,), name=f"ticket-export {chore.what}", daemon=True)
            for chore in self.housekeeping.chores
        ]
        with stop.calling(is_over.set):
            try:
                for thread in (*(each.thread for each in runners), *keepers):
                    thread.start()
                _look_after(runners, runner, stop, on_turn)
            finally:
                # After Ctrl-C without a handler, or an error of one thread, the other threads stop in order.
                if not all(each.ended.is_set() for each in runners):
                    stop.give()
                is_over.set()
                _join([*(each.thread for each in runners), *keepers])
        for each in runners:
            if each.error is not None:
                raise each.error


@contextmanager
def _either(*signals: StopSignal) -> Iterator[StopSignal]:
    """Return a signal that is given as soon as one of `signals` is given inside the block, or was given before."""
    either = StopSignal()
    with ExitStack() as stack:
        for each in signals:
            stack.enter_context(each.calling(either.give))
        yield either


def _look_after(
    runners: list[Runner], new: Callable[[], Runner], stop: StopSignal, on_turn: Callable[[], None]
) -> None:
    while not stop.is_given:
        on_turn()
        for place, each in enumerate(runners):
            if each.is_stuck:
                # Its call may never return, and other exports wait.
                replacement = new()
                try:
                    replacement.thread.start()
                except RuntimeError:
                    _log.exception("cannot start a thread to replace one that is stuck")
                else:
                    runners[place] = replacement
        running = [each.ended for each in runners if not each.ended.is_set()]
        if not running or any(each.error is not None for each in runners):
            return
        running[0].wait(_LOOK_EVERY)


def _join(threads: Sequence[Thread]) -> None:
    deadline = monotonic() + _GRACE
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(0.0, deadline - monotonic()))
    late = [thread.name for thread in threads if thread.is_alive()]
    if late:
        _log.error("the worker stops while these threads still run: %s", ", ".join(late))
