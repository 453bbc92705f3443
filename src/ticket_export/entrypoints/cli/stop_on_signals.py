"""SIGTERM and Ctrl-C as a signal to stop, instead of an end in the middle of something."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread, current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_export.application.run.stop_signal import StopSignal

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stop_on_signals(stop: StopSignal) -> Iterator[None]:
    """Inside the block, SIGTERM and SIGINT give `stop`; a second one ends the process at once.

    One that whoever started us has set to be ignored stays ignored. In any other thread than the main one, which
    is the one that hears of signals, nothing changes.
    """
    if current_thread() is not main_thread():
        yield
        return
    # A handler runs between any two steps of the main thread, which may hold the very lock that `give` needs:
    # so it only leaves a word for a thread. Of all queues, this one may be put into from a handler.
    words: SimpleQueue[bool] = SimpleQueue()

    def listen() -> None:
        if words.get():
            stop.give()

    def handle(_number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_DFL)
        words.put(True)

    before = {each: signal.getsignal(each) for each in _SIGNALS if signal.getsignal(each) != signal.SIG_IGN}
    listener = Thread(target=listen, name="ticket-export stop on signals", daemon=True)
    listener.start()
    try:
        for each in before:
            signal.signal(each, handle)
        yield
    finally:
        for each, earlier in before.items():
            signal.signal(each, earlier)
        words.put(False)
        listener.join()
