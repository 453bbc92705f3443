"""What one process took."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@attrs.frozen
class Run:
    """Wall-clock and CPU time in seconds, the largest resident set in MB of 10^6 bytes."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def run(command: Sequence[str], *, environment: Mapping[str, str], output: Path | None = None) -> Run:
    """Run the command to its end and measure it.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    stdout = output.open("wb") if output else subprocess.DEVNULL
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, env={**os.environ, **environment})
    errors = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.stderr.buffer.write(errors)
        raise subprocess.CalledProcessError(process.returncode, command)
    # Linux counts the resident set in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6)
