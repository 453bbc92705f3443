"""Compares what was measured with the promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.comparison import Comparison
from benchmarks.promises import Promises, Ratio


def acceptance(comparisons: Sequence[Comparison], promises: Promises) -> str:
    """A Markdown list of the figures that were measured."""
    return "\n".join(f"- {line}" for line in _lines(comparisons, promises))


def _lines(comparisons: Sequence[Comparison], promises: Promises) -> Iterator[str]:
    largest = max(comparisons, key=lambda each: each.tickets)
    smallest = min(comparisons, key=lambda each: each.tickets)
    at = f"at {largest.tickets:,} tickets"
    for each in promises.ratios:
        if (ratio := _paired(largest, each)) is not None:
            bars = _bars(ratio, at_most=each.at_most, at_least=each.at_least)
            less = f", both less {each.less}," if each.less else ""
            yield f"{each.above} / {each.below}{less} {at}: {ratio:.3f}{bars}"
    for name, other in promises.inside:
        if name in largest.runs and other in largest.runs:
            seconds = median(run.seconds for run in largest.runs[name])
            others = [run.seconds for run in largest.runs[other]]
            yield (
                f"median of {name} {at}: {seconds:.2f} s, runs of {other}: {min(others):.2f} to {max(others):.2f} s"
                f"{_bars(seconds, at_most=max(others))}"
            )
    for name in (each for each in promises.ours if each in largest.runs):
        for size in comparisons:
            peak = _peak_mb(size, name)
            bars = _bars(peak, at_most=promises.peak_mb)
            yield f"peak memory of {name} at {size.tickets:,} tickets: {peak:.1f} MB{bars}"
        if largest is not smallest:
            growth = _peak_mb(largest, name) - _peak_mb(smallest, name)
            bars = _bars(growth, at_most=promises.growth_mb)
            sizes = f"{smallest.tickets:,} to {largest.tickets:,}"
            yield f"growth of this peak from {sizes} tickets: {growth:+.1f} MB{bars}"
    bars = _bars(largest.loading, at_most=promises.loading)
    yield f"filling the database with {largest.tickets:,} tickets: {largest.loading:.1f} s{bars}"


def _paired(comparison: Comparison, ratio: Ratio) -> float | None:
    """The median of the ratios within a round; None if one of them was not measured."""
    above, below = (comparison.runs.get(name, ()) for name in (ratio.above, ratio.below))
    if ratio.less is None:
        pairs = [(one.seconds, other.seconds) for one, other in zip(above, below, strict=False)]
    else:
        rounds = zip(above, below, comparison.runs.get(ratio.less, ()), strict=False)
        pairs = [(one.seconds - less.seconds, other.seconds - less.seconds) for one, other, less in rounds]
    return median(one / other for one, other in pairs) if pairs else None


def _peak_mb(comparison: Comparison, name: str) -> float:
    return median(run.peak_mb for run in comparison.runs[name])


def _bars(value: float, *, at_most: float | None = None, at_least: float | None = None) -> str:
    verdicts = []
    if at_most is not None:
        verdicts.append(f"{'pass' if value <= at_most else 'MISS'}: at most {at_most:g}")
    if at_least is not None:
        verdicts.append(f"{'pass' if value >= at_least else 'MISS'}: at least {at_least:g}")
    return f" ({', '.join(verdicts)})" if verdicts else ""
