"""The table of the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

import attrs

from benchmarks.queue.costs import Costs
from benchmarks.queue.idle import Idle

#: By how much a small export is to cost less than before.
_FASTER = 2.0


@attrs.frozen(kw_only=True)
class Column:
    """The rounds of one set-up with one version, and its idle workers."""

    head: str
    costs: list[Costs] = attrs.field(factory=list)
    idle: list[Idle] = attrs.field(factory=list)


def table(columns: Sequence[Column], *, jobs: int, rows: int, machine: str) -> str:
    """Markdown: a column for each set-up, with medians over the rounds."""
    shown: Mapping[str, Callable[[Column], str]] = {
        "requests per second": _of_costs(lambda each: 1 / each.request, "{:.0f}"),
        "exports per second": _of_costs(lambda each: 1 / each.job, "{:.1f}"),
        "an export": _of_costs(lambda each: each.job * 1000, "{:.1f} ms"),
        "CPU time of an export": _of_costs(lambda each: each.cpu * 1000, "{:.1f} ms"),
        "CPU time of the server": _of_costs(lambda each: each.server_cpu and each.server_cpu * 1000, "{:.1f} ms"),
        f"its {rows} rows alone, read and encoded into memory": _of_costs(lambda each: each.rows * 1000, "{:.1f} ms"),
        "CPU time of idle workers per minute": _of_idle(lambda each: each.cpu_per_minute, "{:.2f} s"),
        "transactions of idle workers per second": _of_idle(lambda each: each.transactions_per_second, "{:.2f}"),
        "from a request to its start: median": _of_idle(lambda each: median(each.delays) * 1000, "{:.0f} ms"),
        "the longest": _of_idle(lambda each: each.delays[-1] * 1000, "{:.0f} ms"),
    }
    lines = [
        f"{jobs:,} exports of {rows} rows, medians of {len(columns[0].costs)} interleaved rounds; {machine}.",
        "",
        f"| {' | '.join(['', *(each.head for each in columns)])} |",
        f"|{'|'.join(['---', *('---:' for _ in columns)])}|",
        *(f"| {' | '.join([label, *map(cell, columns)])} |" for label, cell in shown.items()),
    ]
    return "\n".join(lines)


def comparison(pairs: Sequence[tuple[Column, Column]], *, than: str) -> str:
    """Markdown: each set-up with this version and with the other one, in medians of the ratios within a round."""
    lines = []
    for now, before in pairs:
        rounds = list(zip(now.costs, before.costs, strict=True))
        faster = median(other.job / each.job for each, other in rounds)
        less = median(other.cpu / each.cpu for each, other in rounds)
        verdict = "pass" if faster >= _FASTER else "MISS"
        lines.append(
            f"- {now.head}: {faster:.2f} times as many exports per second as {than} "
            f"({verdict}: at least {_FASTER:g}), with the CPU time divided by {less:.2f}"
        )
    return "\n".join(lines)


def _of_costs(figure: Callable[[Costs], float | None], form: str) -> Callable[[Column], str]:
    return lambda column: _cell([figure(each) for each in column.costs], form)


def _of_idle(figure: Callable[[Idle], float | None], form: str) -> Callable[[Column], str]:
    return lambda column: _cell([figure(each) for each in column.idle], form)


def _cell(figures: Sequence[float | None], form: str) -> str:
    known = [each for each in figures if each is not None]
    return form.format(median(known)) if known else ""
