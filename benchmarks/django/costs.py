"""What the library costs a host besides its exports: a request, and the start of each command."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import attrs

from benchmarks.contenders import HelpDesk
from benchmarks.django import project
from benchmarks.measure import Run


@attrs.frozen
class Costs:
    """Seconds of requests by kind, and runs of ``manage.py check`` with the application and without it."""

    requests: Mapping[str, Sequence[float]]
    checks_with: Sequence[Run]
    checks_without: Sequence[Run]


def measure_costs(desk: HelpDesk, *, requests: int = 200, starts: int = 7) -> Costs:
    """Measure on a help desk that has tables and few tickets; the first start of each kind does not count."""
    figures = desk.folder / "requests.json"
    project.run(desk, "-m", "benchmarks.django.request_cost", str(requests), str(figures), apps=(project.OUR_APP,))
    checks: dict[tuple[str, ...], list[Run]] = {(project.OUR_APP,): [], (): []}
    for _ in range(starts + 1):
        for apps, runs in checks.items():
            runs.append(project.run(desk, "-m", "django", "check", apps=apps))
    return Costs(json.loads(figures.read_text(encoding="utf-8")), checks[(project.OUR_APP,)][1:], checks[()][1:])
