"""Threads that make calls which may never return, one call after the other."""

from __future__ import annotations

import os
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Final

#: The name of a thread that makes a call.
CALLING: Final = "upload of an export"
_IDLE: Final = "upload of the next export"


class _Caller(Thread):
    """A daemon, so that a process can end while a store hangs.

    It stays for later calls, since some libraries keep a thing open for each thread that has ever called them: libuuid,
    which names the requests of Azure's driver, keeps a file. So there are as many as calls have been under way at once.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.calls: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def run(self) -> None:
        while True:
            self.calls.get()()
            self.name = _IDLE
            _idle.append(self)


_idle: Final[list[_Caller]] = []
# A forked process has no other thread than the one that forked.
os.register_at_fork(after_in_child=_idle.clear)


def call_in_daemon(call: Callable[[], None]) -> None:
    """Make `call`, which raises nothing, in a thread.

    Raises:
        RuntimeError: the process cannot start a thread.
    """
    try:
        caller = _idle.pop()
    except IndexError:
        caller = _Caller()
        caller.start()
    caller.name = CALLING
    caller.calls.put(call)
