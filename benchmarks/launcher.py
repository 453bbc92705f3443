"""Run a command and write its figures to a file descriptor: python launcher.py DESCRIPTOR COMMAND…

On Linux a process inherits the memory of the process that starts it, until it executes the program, and that memory
counts in its peak. So the launcher is small and imports little, and the Python that runs it loads no site packages.
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
