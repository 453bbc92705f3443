"""SIGTERM and Ctrl-C as a request to stop, instead of an end in the middle of a step."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

from ticket_export.application.run.stop_signal import StopSignal

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stop_on_signals(*stops: StopSignal) -> Iterator[None]:
    """Inside the block, each SIGTERM or SIGINT gives the next of `stops`; one more ends the process at once.

    A signal that was ignored when the process started stays ignored. In any thread but the main one, which is the one
    that receives signals, nothing changes.
    """
    if current_thread() is not main_thread():
        yield
        return
    left = list(stops)

    def handle(_number: int, _frame: FrameType | None) -> None:
        # Another signal may come during this call.
        stop = left.pop(0) if left else None
        if not left:
            for each in before:
                signal.signal(each, signal.SIG_DFL)
        if stop is not None:
            stop.give()

    before = {each: signal.getsignal(each) for each in _SIGNALS if signal.getsignal(each) != signal.SIG_IGN}
    try:
        for each in before:
            signal.signal(each, handle)
        yield
    finally:
        for each, earlier in before.items():
            signal.signal(each, earlier)
