"""The table that people read."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.queue.costs import Costs
    from benchmarks.queue.idle import Idle


def table(costs: Sequence[Costs], idle: Idle, *, rows: int, machine: str) -> str:
    """Markdown: medians over the rounds; differences and ratios are taken within a round."""

    def ms(seconds: Sequence[float]) -> str:
        return f"{median(each / cost.jobs for each, cost in zip(seconds, costs, strict=True)) * 1000:.1f}"

    latencies = [f"{1000 * each:.0f}" for each in (median(idle.latencies), idle.latencies[-1])]
    cells = [
        ("requests per second", f"{median(each.jobs / each.requesting for each in costs):.0f}"),
        ("jobs per second, one worker", f"{median(each.jobs / each.draining for each in costs):.1f}"),
        ("a job", f"{ms([each.draining for each in costs])} ms"),
        ("of it CPU time", f"{ms([each.draining_cpu for each in costs])} ms"),
        (f"its {rows} rows alone, read and encoded into memory", f"{ms([each.reading for each in costs])} ms"),
        ("what the job adds to its rows", f"{ms([each.draining - each.reading for each in costs])} ms"),
        ("its durable file and its commits alone, bare", f"{ms([each.bare for each in costs])} ms"),
        ("a job / (rows + bare file and commits)", f"{_ratio(costs):.2f}"),
        ("CPU time of an idle worker per minute", f"{idle.cpu_per_minute:.2f} s"),
        ("from a request to its start, idle worker: median", f"{latencies[0]} ms"),
        (f"the longest of {len(idle.latencies)}", f"{latencies[1]} ms"),
    ]
    lines = [
        f"{costs[0].jobs:,} exports of {rows} rows, medians of {len(costs)} interleaved rounds; {machine}.",
        "",
        "| | |",
        "|---|---:|",
        *(f"| {label} | {value} |" for label, value in cells),
    ]
    return "\n".join(lines)


def _ratio(costs: Sequence[Costs]) -> float:
    return median(each.draining / (each.reading + each.bare) for each in costs)
