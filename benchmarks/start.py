"""python -m benchmarks.start [--than PATH] [--runs 10] [ARGUMENT ...]: CPU time until ``ticket-export`` has ended.

Without arguments, it measures `--version` and `--help`. Each figure is the least of the runs, in seconds. With another
checkout (a folder with `src`) it shows the ratio to that one; both run with the packages of this Python.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_HERE = Path(__file__).parents[1]


def cpu_seconds(checkout: Path, arguments: Sequence[str]) -> float:
    """The CPU time, of user and system, that one command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "ticket_export.entrypoints.cli", *arguments],
        check=True,
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("--than", type=Path, help="another checkout, to compare with")
    parser.add_argument("--runs", type=int, default=10, help="runs of each command, interleaved")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="a command of ticket-export, with its options")
    options = parser.parse_args()
    for command in [options.arguments] if options.arguments else [["--version"], ["--help"]]:
        runs = [
            (cpu_seconds(_HERE, command), cpu_seconds(options.than, command) if options.than else 0.0)
            for _ in range(options.runs)
        ]
        here, there = (min(times) for times in zip(*runs, strict=True))
        ratio = f", {here / there:.2f} x {there:.3f} s of {options.than}" if options.than else ""
        print(f"ticket-export {' '.join(command)}: {here:.3f} s{ratio}")


if __name__ == "__main__":
    main()
