"""What the library costs a host besides its exports: a request, and the start of each command."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import attrs

from benchmarks.contenders import HelpDesk
from benchmarks.django import project
from benchmarks.measure import Run

#: What is started, and how.
STARTS: Mapping[str, Sequence[str]] = {
    "`django.setup()`": ("-c", "import django; django.setup()"),
    "`manage.py check`": ("-m", "django", "check"),
}


@attrs.frozen
class Costs:
    """Seconds of requests by kind, and runs of each start without the application and with it, in pairs."""

    requests: Mapping[str, Sequence[float]]
    starts: Mapping[str, Sequence[tuple[Run, Run]]]


def measure_costs(desk: HelpDesk, *, requests: int = 200, starts: int = 7) -> Costs:
    """Measure on a help desk that has tables and few tickets."""
    figures = desk.folder / "requests.json"
    project.run(desk, "-m", "benchmarks.django.request_cost", str(requests), str(figures), apps=(project.OUR_APP,))
    pairs: dict[str, list[tuple[Run, Run]]] = {name: [] for name in STARTS}
    for _ in range(starts):
        for name, words in STARTS.items():
            pairs[name].append((project.run(desk, *words), project.run(desk, *words, apps=(project.OUR_APP,))))
    return Costs(json.loads(figures.read_text(encoding="utf-8")), pairs)
