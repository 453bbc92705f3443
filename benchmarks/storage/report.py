"""The table of the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.measure import Run
from benchmarks.storage.places import LATENCY, STORES, Store

#: The page that shows the table.
REPORT = Path(__file__).parents[2] / "docs" / "background" / "storage.md"
#: The promised limits: the ratio of the times with and without the delay, and the MB more than the baseline.
_TIME, _MEMORY = 1.10, 40.0


def table(results: Mapping[str, Sequence[Run]], *, tickets: int, machine: str) -> str:
    """Markdown: medians over the rounds, with ratios and differences within a round."""
    stores = [store for store in STORES if store.name in results]
    servers = ", ".join(f"{store.server} for {store.name}" for store in stores)
    rounds = len(next(iter(results.values())))
    lines = [
        f"One export of {tickets:,} tickets; medians of {rounds} interleaved rounds after a first.",
        f"Measured on {machine}; the stores are {servers}, each in a process of its own on the same machine.",
        "",
        "| storage | seconds | CPU s | peak MB |",
        "|---|---:|---:|---:|",
        *(_row(name, runs) for name, runs in results.items()),
        "",
        f"With {LATENCY * 1000:.0f} ms more for every request, and above a process that has only imported the driver:",
        "",
        f"| store | time (at most {_TIME:g}) | memory, nearby (at most {_MEMORY:g} MB) | memory, further away |",
        "|---|---:|---:|---:|",
        *(_verdicts(store, results) for store in stores),
    ]
    return "\n".join(lines)


def _row(name: str, runs: Sequence[Run]) -> str:
    figures = [median(each.seconds for each in runs), median(each.cpu_seconds for each in runs)]
    shown = [f"{figure:.2f}" for figure in figures]
    return f"| {' | '.join([name, *shown, f'{median(each.peak_mb for each in runs):.0f}'])} |"


def _verdicts(store: Store, results: Mapping[str, Sequence[Run]]) -> str:
    near, far, baseline = (results[name] for name in (store.name, store.far, store.baseline))
    slower = _of_rounds(far, near, lambda run, other: run.seconds / other.seconds)
    cells = [f"{slower:.3f}{_verdict(slower, _TIME)}"]
    for runs in (near, far):
        more = _of_rounds(runs, baseline, lambda run, other: run.peak_mb - other.peak_mb)
        cells.append(f"{more:+.1f} MB{_verdict(more, _MEMORY)}")
    return f"| {' | '.join([store.name, *cells])} |"


def _of_rounds(runs: Sequence[Run], others: Sequence[Run], compare: Callable[[Run, Run], float]) -> float:
    return median(compare(run, other) for run, other in zip(runs, others, strict=True))


def _verdict(value: float, at_most: float) -> str:
    return "" if value <= at_most else " MISS"
