"""Work that a process does not wait for once it is told to stop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread

from ticket_export.application.run.stop_signal import StopSignal

# Seconds that the work may take to end once `stop` is given.
_GRACE = 5.0
# Seconds between two looks at `stop`, in which the main thread also runs the handlers of signals.
_LOOK_EVERY = 0.5


def ignore_turn() -> None:
    """Do nothing when a loop turns."""


def until_stopped(stop: StopSignal, work: Callable[[], object], on_turn: Callable[[], None] = ignore_turn) -> None:
    """Do `work` and raise what it raises. Once `stop` is given, begin nothing and wait for at most a few seconds.

    Meanwhile call `on_turn` at least every second, to show that this thread is not blocked.
    The work may be in a call that the database does not answer. Its thread then ends with the process.
    """
    if stop.is_given:
        return
    result = Future[object]()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            result.set_exception(error)

    Thread(target=run, name="ticket-export work before and after", daemon=True).start()
    while not (result.done() or stop.is_given):
        on_turn()
        wait([result], _LOOK_EVERY)
    wait([result], _GRACE)
    if result.done():
        result.result()
