"""Starts a command, waits for its end and says what it took: python launcher.py DESCRIPTOR COMMAND…

Linux counts the memory of whoever starts a process, up to the moment when it becomes the program, as the process's own
peak. So this is small, imports next to nothing, and is run by a Python that does neither.
"""

from __future__ import annotations

import os
import sys
import time


def main(descriptor: int, command: list[str]) -> None:
    started = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - started
    # Linux counts the resident set in KiB, macOS in bytes.
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    cpu = usage.ru_utime + usage.ru_stime
    os.write(descriptor, f"{os.waitstatus_to_exitcode(status)} {seconds!r} {cpu!r} {peak}".encode())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
