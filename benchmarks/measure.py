"""Measures one process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

_LAUNCHER = str(Path(__file__).with_name("launcher.py"))


@attrs.frozen
class Run:
    """Wall-clock and CPU time in seconds, and the largest resident set in MB of 10^6 bytes.

    `stages` are the seconds of each stage, if they were measured. `server_cpu_seconds` is the CPU time of the
    database's own processes, if it has any and they are visible.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    stages: Mapping[str, float] = attrs.field(factory=dict)
    server_cpu_seconds: float | None = None


def run(command: Sequence[str], *, environment: Mapping[str, str], output: Path | None = None) -> Run:
    """Run the command to its end and measure it.

    Raises:
        subprocess.CalledProcessError: the command failed.
    """
    reading, writing = os.pipe()
    launch = [sys.executable, "-I", "-S", _LAUNCHER, str(writing), *command]
    with (
        open(reading, encoding="ascii") as figures,  # noqa: PTH123 - it has no path
        output.open("wb") if output else open(os.devnull, "wb") as stdout,  # noqa: PTH123
    ):
        try:
            launched = subprocess.run(
                launch,
                check=False,
                stdout=stdout,
                stderr=subprocess.PIPE,
                pass_fds=[writing],
                env={**os.environ, **environment},
            )
        finally:
            os.close(writing)
        code, *measured = figures.read().split() or [str(launched.returncode or 1)]
    if code != "0":
        sys.stderr.buffer.write(launched.stderr)
        raise subprocess.CalledProcessError(int(code), list(command))
    seconds, cpu_seconds, peak = map(float, measured)
    return Run(seconds, cpu_seconds, peak / 1e6)
