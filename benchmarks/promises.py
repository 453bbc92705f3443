"""The figures that the library promises."""

from __future__ import annotations

import attrs

from benchmarks.contenders import DJANGO, METRICS, OURS, OURS_BY_TEAM, PANDAS, PSQL, PSQL_BY_TEAM, UNGUARDED


@attrs.frozen
class Ratio:
    """The time of `above` divided by that of `below`, with the promised limit; first both lose the time of `less`."""

    above: str
    below: str
    less: str | None = None
    at_most: float | None = None
    at_least: float | None = None


@attrs.frozen(kw_only=True)
class Promises:
    """For one database: time ratios at the largest size, memory in MB at every size, and the seconds of filling it.

    The first of each pair in `inside` takes no longer than the slowest run of the second. `peak_mb` and `growth_mb`
    are those of the contenders `ours`.
    """

    ratios: tuple[Ratio, ...] = ()
    inside: tuple[tuple[str, str], ...] = ()
    ours: tuple[str, ...] = (OURS,)
    peak_mb: float | None = None
    growth_mb: float = 2.0
    loading: float | None = None


POSTGRESQL_PROMISES = Promises(
    ratios=(
        Ratio(OURS, PSQL, at_most=1.15),
        Ratio(OURS_BY_TEAM, PSQL_BY_TEAM, at_most=1.15),
        Ratio(OURS, UNGUARDED, at_most=1.15),
        Ratio(PANDAS, OURS, at_least=4),
        Ratio(DJANGO, OURS, at_least=20),
    ),
    inside=((METRICS, OURS),),
    peak_mb=80,
    loading=60,
)
