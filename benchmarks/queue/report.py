"""The tables of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.queue.costs import Costs
from benchmarks.queue.idle import Idle


def table(costs: Sequence[Costs], *, rows: int, machine: str) -> str:
    """Markdown: medians over the rounds, with differences and ratios within a round."""

    def ms(seconds: Sequence[float]) -> str:
        return f"{median(each / cost.jobs for each, cost in zip(seconds, costs, strict=True)) * 1000:.1f}"

    cells = [
        ("requests per second", f"{median(each.jobs / each.requesting for each in costs):.0f}"),
        ("jobs per second, one worker", f"{median(each.jobs / each.draining for each in costs):.1f}"),
        ("a job", f"{ms([each.draining for each in costs])} ms"),
        ("CPU time of a job", f"{ms([each.draining_cpu for each in costs])} ms"),
        (f"its {rows} rows alone, read and encoded into memory", f"{ms([each.reading for each in costs])} ms"),
        ("the job without its rows", f"{ms([each.draining - each.reading for each in costs])} ms"),
        ("its durable file and its commits alone", f"{ms([each.bare for each in costs])} ms"),
        ("a job / (rows + bare file and commits)", f"{_ratio(costs):.2f}"),
    ]
    lines = [
        f"{costs[0].jobs:,} exports of {rows} rows, medians of {len(costs)} interleaved rounds; {machine}.",
        "",
        "| | |",
        "|---|---:|",
        *(f"| {label} | {value} |" for label, value in cells),
    ]
    return "\n".join(lines)


def idle_table(idle: Mapping[str, Idle]) -> str:
    """Markdown: a column for each database."""
    rows = [
        ("", list(idle)),
        ("---", ["---:" for _ in idle]),
        ("CPU time of an idle worker per minute", [f"{each.cpu_per_minute:.2f} s" for each in idle.values()]),
        ("transactions of an idle worker per second", [_transactions(each) for each in idle.values()]),
        ("from a request to its start: median", [f"{1000 * median(each.latencies):.0f} ms" for each in idle.values()]),
        ("the longest", [f"{1000 * each.latencies[-1]:.0f} ms" for each in idle.values()]),
    ]
    return "\n".join(f"| {' | '.join((label, *cells))} |" for label, cells in rows)


def _transactions(idle: Idle) -> str:
    asked = idle.transactions_per_second
    return "" if asked is None else f"{asked:.2f}"


def _ratio(costs: Sequence[Costs]) -> float:
    return median(each.draining / (each.reading + each.bare) for each in costs)
