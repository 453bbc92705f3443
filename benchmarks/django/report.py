"""What the report says besides the table and the promises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from benchmarks.comparison import Comparison
from benchmarks.contenders import DJANGO, OURS
from benchmarks.django.cells import Comparison as Cells
from benchmarks.django.contenders import LIBRARIES
from benchmarks.django.costs import Costs


def parts(comparison: Comparison, *, memory_of_models: float) -> Iterator[str]:
    """What tags and relations add to a row, and the memory above that of the models."""
    for library in (OURS, DJANGO):
        names = LIBRARIES[library]
        if not all(name in comparison.runs for name in names.values()):
            continue
        rows = {view: _microseconds(comparison, name) for view, name in names.items()}
        yield (
            f"- {library} takes {rows['own fields']:.1f} µs for a row of own fields, "
            f"{rows['no tags'] - rows['own fields']:+.1f} µs for the three fields of two relations, and "
            f"{rows['all'] - rows['no tags']:+.1f} µs for the tags"
        )
    yield f"- a process that has only imported the models: {memory_of_models:.1f} MB"
    for name in (each for each in (OURS, DJANGO) if each in comparison.runs):
        above = median(run.peak_mb for run in comparison.runs[name]) - memory_of_models
        yield f"- peak memory of {name} above it at {comparison.tickets:,} tickets: {above:.1f} MB"


def forms(found: Mapping[str, Cells]) -> Iterator[str]:
    """The cells that are equal by value and written differently."""
    for name, each in found.items():
        if name != DJANGO:
            continue
        yield f"- equal cells in {each.records:,} rows of {OURS} and {name}; written differently:"
        for column, count in each.forms.items():
            ours, theirs = each.examples[column]
            yield f"  - `{column}`: {count:,} cells, such as `{ours}` and `{theirs}`"


def costs(measured: Costs) -> Iterator[str]:
    """The requests, and the start of a command."""
    for kind, seconds in measured.requests.items():
        yield f"- a request {kind}: {1000 * median(seconds):.2f} ms (median of {len(seconds)})"
    for name, pairs in measured.starts.items():
        cpu = median(with_.cpu_seconds - without.cpu_seconds for without, with_ in pairs)
        memory = median(with_.peak_mb - without.peak_mb for without, with_ in pairs)
        alone = median(without.cpu_seconds for without, _ in pairs)
        yield (
            f"- {name} takes {alone:.2f} s of CPU time without the application, which adds {cpu:+.3f} s and "
            f"{memory:+.1f} MB"
        )


def _microseconds(comparison: Comparison, name: str) -> float:
    return 1e6 * median(run.seconds for run in comparison.runs[name]) / comparison.tickets
