"""The table of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.measure import Run
from benchmarks.storage.places import FAR_S3, LOCAL, S3

#: The page that shows the table.
REPORT = Path(__file__).parents[2] / "docs" / "background" / "storage.md"
#: The promised limits: the ratio of the times with and without the delay, and the MB more than with local files.
_TIME, _MEMORY = 1.10, 40.0


def table(results: Mapping[str, Sequence[Run]], *, tickets: int, machine: str) -> str:
    """Markdown: medians over the rounds, with ratios and differences within a round."""
    pairs = zip(results[FAR_S3], results[S3], strict=True)
    slower = median(far.seconds / near.seconds for far, near in pairs)
    above = {name: _more_memory(results[name], results[LOCAL]) for name in (S3, FAR_S3)}
    lines = [
        f"One export of {tickets:,} tickets; medians of {len(results[LOCAL])} interleaved rounds after a first.",
        f"Measured on {machine}; the S3 is moto's server, in a process of its own on the same machine.",
        "",
        "| storage | seconds | CPU s | peak MB |",
        "|---|---:|---:|---:|",
        *(_row(name, runs) for name, runs in results.items()),
        "",
        f"- time with 50 ms more for every request / time without: {slower:.3f} ({_verdict(slower, _TIME)})",
        *(
            f"- memory of {name} above {LOCAL}: {more:+.1f} MB ({_verdict(more, _MEMORY)})"
            for name, more in above.items()
        ),
    ]
    return "\n".join(lines)


def _row(name: str, runs: Sequence[Run]) -> str:
    figures = [median(each.seconds for each in runs), median(each.cpu_seconds for each in runs)]
    shown = [f"{figure:.2f}" for figure in figures]
    return f"| {' | '.join([name, *shown, f'{median(each.peak_mb for each in runs):.0f}'])} |"


def _more_memory(runs: Sequence[Run], others: Sequence[Run]) -> float:
    return median(run.peak_mb - other.peak_mb for run, other in zip(runs, others, strict=True))


def _verdict(value: float, at_most: float) -> str:
    return f"{'pass' if value <= at_most else 'MISS'}: at most {at_most:g}"
