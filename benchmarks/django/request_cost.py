"""Measure requests inside and outside of Django's transaction: python -m benchmarks.django.request_cost COUNT FIGURES.

The figures are the seconds of each request, in two lists. The kinds take turns; each request has a view of its own, and
the agents take turns, since a request looks at the other exports of its user.
"""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from time import perf_counter

import attrs
import django

from benchmarks.django.fill import AGENTS

INSIDE, OUTSIDE = "inside atomic()", "outside"
_UNCOUNTED = 5


def main(count: int, figures: Path) -> None:
    django.setup()
    from django.db import transaction

    from ticket_export.django import exports_container

    container = exports_container()
    admin = container.user_directory().find_by_email("admin@example.test")
    assert admin is not None, "the sample data has no administrator"
    seconds: dict[str, list[float]] = {INSIDE: [], OUTSIDE: []}
    for number in range(2 * (_UNCOUNTED + count)):
        kind = (INSIDE, OUTSIDE)[number % 2]
        actor = attrs.evolve(admin, user_id=number // 2 % AGENTS + 2)
        view = {"columns": ["id", "title"], "filters": [{"field": "id", "operator": "eq", "value": number + 1}]}
        block: AbstractContextManager[object] = transaction.atomic() if kind == INSIDE else nullcontext()
        began = perf_counter()
        with block:
            container.request_export()(actor, view)
        seconds[kind].append(perf_counter() - began)
    container.engine().dispose()
    figures.write_text(json.dumps({kind: each[_UNCOUNTED:] for kind, each in seconds.items()}), encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
