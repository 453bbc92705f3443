"""Work that a process which is told to stop does not wait for."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

from ticket_export.application.run.stop_signal import StopSignal

# Seconds that the work has to come to its end, once `stop` is given.
_GRACE = 5.0
# How often somebody looks; a signal's handler needs a turn of the main thread then, too.
_LOOK_EVERY = 0.5


def until_stopped(stop: StopSignal, work: Callable[[], object]) -> None:
    """Do `work` and raise what it raises; once `stop` is given, wait for it only for a moment, and begin nothing.

    Its thread is left to the end of the process then: it may be in a call of the database that is not answered.
    """
    if stop.is_given:
        return
    ended, stopped = Event(), Event()
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again, in the thread of the caller
            errors.append(error)
        finally:
            ended.set()

    with stop.calling(stopped.set):
        Thread(target=run, name="ticket-export work before and after", daemon=True).start()
        while not ended.wait(_LOOK_EVERY):
            if stopped.is_set():
                ended.wait(_GRACE)
                break
    if errors:
        raise errors[0]
