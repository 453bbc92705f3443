"""Plays policies: ``python -m tests.rights.on_django SEED FIRST COUNT [MUTANT]``; prints figures and failures as JSON.

A policy is made from the seed and its number alone, so that one that failed can be played again. With the name of a
mutant, the library makes this mistake.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback

import django

_MOST_FAILURES = 3


def main(seed: str, first: int, count: int, mutant: str = "") -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.rights.on_django.settings")
    django.setup()
    # Exports that fail are a part of the test.
    logging.getLogger("ticket_export").setLevel(logging.CRITICAL)
    from django.core.management import call_command

    from tests.rights.on_django.scene import SAME_WORLD, Figures, Scene
    from tests.rights.on_django.world import create_tables

    call_command("migrate", verbosity=0)
    create_tables()
    figures, failures, played = Figures(), list[str](), 0
    if mutant:
        from tests.rights.on_django.mutants import MUTANTS

        MUTANTS[mutant]().__enter__()
    for place in range(first - first % SAME_WORLD, first + count):
        scene = Scene(seed, place, figures)
        if place < first:
            continue
        played += 1
        try:
            scene.play()
        except Exception:  # noqa: BLE001 - each is a failure to tell, with the policy
            failures.append(f"policy {place}: {scene.policy}\n{scene.view}\n{traceback.format_exc()}")
            if mutant or len(failures) == _MOST_FAILURES:
                break
    counted = {name: dict(getattr(figures, name)) for name in ("hiding", "files", "refused", "colleagues")}
    told = {"played": played, "policies": len(figures.policies), **counted, "failures": failures}
    print(json.dumps(told))  # noqa: T201 - the test that started this process reads it


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
