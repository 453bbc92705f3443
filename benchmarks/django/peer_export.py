"""Measure one export by django-import-export: python -m benchmarks.django.peer_export RESOURCE CHUNK VIEW FILE FIGURES.

Imports, the first connection and an export of a few tickets come before the measurement.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter, process_time

import django

from benchmarks.django.view import VIEWS


def main(resource: str, chunk: int, view: str, file: Path, figures: Path) -> None:
    django.setup()
    # Models can be imported only once Django is set up.
    from benchmarks.django import resource as resources

    exporting = getattr(resources, resource)()
    exporting._meta.chunk_size = chunk
    fields = [each.path for each in VIEWS[view]]
    rows = resources.tickets(view)
    exporting.export(rows.filter(id__lte=10), export_fields=fields)
    began, began_cpu = perf_counter(), process_time()
    file.write_bytes(exporting.export(rows, export_fields=fields).csv.encode())
    measured = {"seconds": perf_counter() - began, "cpu_seconds": process_time() - began_cpu}
    figures.write_text(json.dumps(measured), encoding="utf-8")


if __name__ == "__main__":
    name, size, chosen, to, about = sys.argv[1:]
    main(name, int(size), chosen, Path(to), Path(about))
