"""The table that people read."""

from __future__ import annotations

import os
import platform
import sqlite3
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.measure import Run

#: Where the tables are published.
REPORT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_OURS = "ticket-export"


def table(results: Mapping[int, Mapping[str, Sequence[Run]]], *, runs: int, machine: str) -> str:
    """A Markdown table: medians, and the median of the ratios of runs that followed each other."""
    lines = [
        f"Medians of {runs} interleaved runs (one, of what takes over a minute); {machine}.",
        "Times are of the whole process, its start included.",
        "",
        "| tickets | | seconds | rows/s | CPU s | peak MB | time / ticket-export | memory / ticket-export |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for size, contenders in results.items():
        ours = contenders[_OURS]
        for name, each in contenders.items():
            seconds = median(run.seconds for run in each)
            cells = [
                f"{size:,}",
                name,
                f"{seconds:.2f}",
                f"{size / seconds:,.0f}",
                f"{median(run.cpu_seconds for run in each):.2f}",
                f"{median(run.peak_mb for run in each):.0f}",
                f"{median(their.seconds / our.seconds for their, our in zip(each, ours, strict=False)):.2f}",
                f"{median(their.peak_mb / our.peak_mb for their, our in zip(each, ours, strict=False)):.2f}",
            ]
            lines.append("| " + " | ".join(cells) + " |")
    smallest, largest = min(results), max(results)
    growth = _peak(results[largest][_OURS]) - _peak(results[smallest][_OURS])
    lines += ["", f"Peak memory of ticket-export at {largest:,} tickets less that at {smallest:,}: {growth:+.1f} MB."]
    return "\n".join(lines)


def _peak(runs: Sequence[Run]) -> float:
    return median(run.peak_mb for run in runs)


def machine() -> str:
    """What was measured on."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


def write(report: Path, text: str, *, section: str) -> None:
    """Replace what stands between the marks of `section` in `report`."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    before, _, rest = report.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    report.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
