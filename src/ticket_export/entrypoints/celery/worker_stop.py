"""The signal that stops the exports of a Celery worker, also in the processes of its pool."""

from __future__ import annotations

from mmap import mmap

from ticket_export.application.run.stop_signal import StopSignal


class SharedStopSignal(StopSignal):
    """Is given in this process, and in every process that is forked from it later.

    In the other processes, no thread is called: the heartbeat of an export reads `is_given` each time it beats. `give`
    and `is_given` take no lock, so that a signal handler may call them.
    """

    def __init__(self) -> None:
        super().__init__()
        # One byte of memory that forked processes share.
        self._shared = mmap(-1, 1)

    @property
    def is_given(self) -> bool:
        """Whether the signal was given, here or in the process that this one was forked from."""
        return super().is_given or self._shared[0] != 0

    def give(self) -> None:
        """Give the signal, here and in the forked processes."""
        self._shared[0] = 1
        super().give()
