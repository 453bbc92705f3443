"""Processes that are forked from a test or from its programs: they always end, and nobody waits for them for ever."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from signal import SIGKILL
from time import monotonic, sleep
from typing import Final

#: Seconds; only a failing test waits for so long.
PATIENCE: Final = 60.0


def run_in_fork(act: Callable[[], None]) -> int:
    """Return the number of a new process, which calls `act` and ends: with 0, or with 1 after an error.

    Without this an error would leave a second pytest, which goes on with the tests of the first. In the child, a lock
    that another thread of this process holds now is locked for ever, so wait for the child by `exit_code`.
    """
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        act()
        code = 0
    except BaseException:  # noqa: BLE001 - the parent sees the code
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def exit_code(child: int, patience: float = PATIENCE) -> int:
    """Wait for the process and return its exit code; kill it if it has not ended after `patience` seconds."""
    deadline = monotonic() + patience
    while True:
        number, status = os.waitpid(child, os.WNOHANG)
        if number:
            return os.waitstatus_to_exitcode(status)
        if monotonic() > deadline:
            os.kill(child, SIGKILL)
            deadline += PATIENCE
        sleep(0.005)
