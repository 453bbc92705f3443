"""Plays policies: ``python -m tests.rights.on_django SEED FIRST COUNT``; prints figures and failures as JSON."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections import Counter

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.rights.on_django.settings")
    django.setup()
    # Exports that fail are a part of the test.
    logging.getLogger("ticket_export").setLevel(logging.CRITICAL)
    from django.core.management import call_command

    from tests.rights.on_django.scene import Figures, Scene
    from tests.rights.on_django.world import create_tables

    seed, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    call_command("migrate", verbosity=0)
    create_tables()
    figures, failures = Figures(), []
    for place in range(first - first % 8, first + count):
        scene = Scene(seed, place, figures)
        if place < first:
            continue
        try:
            scene.play()
        except Exception:
            failures.append(f"policy {place}: {scene.policy}\n{scene.view}\n{traceback.format_exc()}")
            if len(failures) >= int(os.environ.get("RIGHTS_FAILURES", "3")):
                break
    counted = {name: dict(value) for name, value in vars_of(figures) if isinstance(value, Counter)}
    print(json.dumps({"policies": len(figures.policies), **counted, "failures": failures}))


def vars_of(figures: object) -> list[tuple[str, object]]:
    return [(name, getattr(figures, name)) for name in ("hiding", "files", "refused")]


main()
