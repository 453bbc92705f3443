"""Measure one export by this library: python -m benchmarks.django.our_export VIEW FILE FIGURES.

Imports, wiring, the first connection and an export of a few tickets come before the measurement. It begins with the
request and ends when the file has been read from the storage; the copy is written to FILE, the figures to FIGURES.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from time import perf_counter, process_time

import django

from benchmarks.django.view import VIEWS


def main(view: str, file: Path, figures: Path) -> None:
    django.setup()
    from ticket_export.django import exports_container

    container = exports_container()
    actor = container.user_directory().find_by_email("admin@example.test")
    assert actor is not None, "the sample data has no administrator"
    payload = {
        "columns": [each.path for each in VIEWS[view]],
        "sortField": "opened_at",
        "sortDirection": "desc",
    }
    worker, request_export = container.worker(), container.request_export()
    request_export(actor, {**payload, "filters": [{"field": "id", "operator": "is_any_of", "value": [*range(1, 11)]}]})
    worker.drain()
    began, began_cpu = perf_counter(), process_time()
    requested = request_export(actor, payload)
    at_request = perf_counter()
    worker.drain()
    at_end = perf_counter()
    with container.open_download()(actor, requested.id).open() as stored, file.open("wb") as copy:
        shutil.copyfileobj(stored, copy)
    ended, ended_cpu = perf_counter(), process_time()
    job = container.get_export()(actor, requested.id)
    assert job.status == "completed", job.error_message
    container.engine().dispose()
    stages = {"request": at_request - began, "run": at_end - at_request, "read back": ended - at_end}
    measured = {"seconds": ended - began, "cpu_seconds": ended_cpu - began_cpu, "stages": stages}
    figures.write_text(json.dumps(measured), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
