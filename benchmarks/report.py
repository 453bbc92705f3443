"""The tables of the report."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.comparison import Comparison
from benchmarks.contenders import OURS
from benchmarks.measure import Run

#: The page that shows the tables.
REPORT = Path(__file__).parents[1] / "docs" / "background" / "benchmarks.md"


def table(comparisons: Sequence[Comparison], *, runs: int, machine: str) -> str:
    """Markdown: medians, medians of the ratios within a round, and the stages of the library's own time."""
    first = next(iter(comparisons[0].runs))
    heads = ["tickets", "", "seconds", "tickets/s", "CPU s", "server CPU s", "peak MB", f"time / {first}"]
    heads.append(f"memory / {first}")
    rows = [_row(each, name, first) for each in comparisons for name in each.runs]
    # Not every database has a server.
    shown = [place for place, _ in enumerate(heads) if any(row[place] or heads[place] == "" for row in rows)]
    return "\n".join(
        [
            f"Medians of {runs} interleaved runs after an uncounted one; a contender of over a minute runs once.",
            f"Measured on {machine}.",
            "",
            _line([heads[place] for place in shown]),
            _line(["---" if heads[place] == "" else "---:" for place in shown]).replace(" ", ""),
            *(_line([row[place] for place in shown]) for row in rows),
            "",
            *(f"{OURS} at {each.tickets:,}: {_stages(each)}." for each in comparisons if OURS in each.runs),
        ]
    ).rstrip()


def machine(database: str = f"SQLite {sqlite3.sqlite_version}") -> str:
    """The machine and the database, in a few words."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {database}"


def write(report: Path, text: str, *, section: str) -> None:
    """Replace the text between the marks of `section` in `report`."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    before, _, rest = report.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    report.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def _row(comparison: Comparison, name: str, first: str) -> list[str]:
    each, of_first = comparison.runs[name], comparison.runs[first]
    pairs: list[tuple[Run, Run]] = list(zip(each, of_first, strict=False))
    seconds = median(run.seconds for run in each)
    server = [run.server_cpu_seconds for run in each if run.server_cpu_seconds is not None]
    return [
        f"{comparison.tickets:,}",
        name,
        f"{seconds:.2f}",
        f"{comparison.tickets / seconds:,.0f}",
        f"{median(run.cpu_seconds for run in each):.2f}",
        f"{median(server):.2f}" if server else "",
        f"{median(run.peak_mb for run in each):.0f}",
        f"{median(run.seconds / other.seconds for run, other in pairs):.2f}",
        f"{median(run.peak_mb / other.peak_mb for run, other in pairs):.2f}",
    ]


def _stages(comparison: Comparison) -> str:
    """The medians of the stages, in their order."""
    taken = [run.stages for run in comparison.runs[OURS]]
    return ", ".join(f"{stage} {median(each.get(stage, 0.0) for each in taken):.2f} s" for stage in taken[0])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
