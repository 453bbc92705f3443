"""Measure the time from a click to the file: python -m benchmarks.click_to_file.

A worker waits in a process of its own. Clients request the same view of 1,000 tickets from PostgreSQL in turn, and wait
for the last byte of its file: one by calls from Python, the others over HTTP.
"""

from __future__ import annotations

import argparse
import csv
import io
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from typing import Final

from sqlalchemy import select

from benchmarks.fill.loader import fill_help_desk
from benchmarks.query import COLUMNS
from benchmarks.queue.desk import WorkerCommand, running_workers
from benchmarks.queue.postgresql import durable_postgresql
from benchmarks.queue.version import NOW
from benchmarks.report import REPORT, machine, write
from benchmarks.web import paths
from benchmarks.web.exporters import HttpExporter, PythonExporter, Timing
from benchmarks.web.readers import SHORTEST_PAUSE
from benchmarks.web.served import COMMANDS, served
from ticket_export import Settings, TicketExportContainer

# The milliseconds that HTTP and polling may add.
_ADDED: Final = 50.0
_PYTHON: Final = "calls from Python"
_API, _PAGES = "a client of the API", "a client with the pauses of the pages"
# Some of the sample tickets are deleted.
_SPARE: Final = 1.1
# Rounds that are not counted: the first of each client opens connections.
_UNCOUNTED: Final = 3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.click_to_file", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="exports of each client")
    parser.add_argument("--tickets", type=int, default=1000, help="tickets of an export")
    parser.add_argument("--write", action="store_true", help="write the table to docs/background/benchmarks.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ticket-export-bench-") as folder, durable_postgresql() as server:
        with server.new_database() as url:
            timings = measure(url, Path(folder), tickets=arguments.tickets, rounds=arguments.rounds)
        where = f"{machine()}, {server.description}"
    text = _table(timings, tickets=arguments.tickets, machine=where)
    print(text)
    if arguments.write:
        write(REPORT, text, section="click")


def measure(url: str, folder: Path, *, tickets: int, rounds: int) -> Mapping[str, list[Timing]]:
    """Return the timings of each client, which take turns, in the empty database at `url`."""
    fill_help_desk(url, int(tickets * _SPARE) + 10)
    settings = Settings(_env_file=None, database_url=url, storage_url=(folder / "files").as_uri())
    container = TicketExportContainer(settings=settings)
    actor = container.user_directory().find_by_email(paths.USER)
    assert actor is not None, f"the sample data has no {paths.USER}"
    view = _view(container, tickets)
    environment = {**NOW.environment, **settings.environment()}
    with ExitStack() as stack:
        stack.enter_context(running_workers(WorkerCommand(), environment, folder))
        clients: dict[str, PythonExporter | HttpExporter] = {_PYTHON: PythonExporter(container, actor)}
        for host in COMMANDS:
            port = stack.enter_context(served(host, environment)).port
            for name, pause in [(_API, 0.0), (_PAGES, SHORTEST_PAUSE)]:
                client = HttpExporter(port, shortest_pause=pause)
                clients[f"{host}, {name}"] = stack.enter_context(closing(client))
        timings: dict[str, list[Timing]] = {name: [] for name in clients}
        for _ in range(rounds + _UNCOUNTED):
            for name, each in clients.items():
                timings[name].append(each.export(view))
        container.engine().dispose()
    contents = {each.content for every in timings.values() for each in every}
    assert len(contents) == 1, "the files differ"
    rows = sum(1 for _ in csv.reader(io.StringIO(contents.pop().decode("utf-8-sig"), newline="")))
    assert rows == tickets + 1, f"the file has {rows} rows"
    return {name: every[_UNCOUNTED:] for name, every in timings.items()}


def _view(container: TicketExportContainer, tickets: int) -> dict[str, object]:
    """The usual view, of the first tickets."""
    columns = container.tables().tickets.c
    shown = select(columns.id).where(columns.is_deleted.is_(False)).order_by(columns.id).limit(tickets)
    with container.engine().connect() as connection:
        last = connection.execute(shown).scalars().all()[-1]
    return {
        "columns": list(COLUMNS),
        "filters": [{"field": "id", "operator": "lte", "value": str(last)}],
        "sortField": "creationTime",
        "sortDirection": "desc",
    }


def _table(timings: Mapping[str, Sequence[Timing]], *, tickets: int, machine: str) -> str:
    rounds = len(timings[_PYTHON])
    lines = [
        f"Medians of {rounds} exports of {tickets:,} tickets by each client, in turn; {machine}.",
        "",
        "| client | to the last byte | 90 % within | request | until it has ended | download | questions |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(_row(name, each) for name, each in timings.items()),
        "",
    ]
    base = _median_ms(each.seconds for each in timings[_PYTHON])
    for name, every in timings.items():
        if name != _PYTHON:
            added = _median_ms(each.seconds for each in every) - base
            verdict = "pass" if added <= _ADDED else "MISS"
            bar = f" ({verdict}: at most {_ADDED:g})" if name.endswith(_API) else ""
            lines.append(f"- {name}: HTTP and polling add {added:+.1f} ms{bar}")
    return "\n".join(lines)


def _row(name: str, timings: Sequence[Timing]) -> str:
    totals = sorted(each.seconds for each in timings)
    figures = [
        _median_ms(totals),
        totals[int(len(totals) * 0.9)] * 1000,
        _median_ms(each.request for each in timings),
        _median_ms(each.wait for each in timings),
        _median_ms(each.file for each in timings),
    ]
    asks = median(each.asks for each in timings)
    return f"| {name} | {' | '.join(f'{each:.1f} ms' for each in figures)} | {asks:g} |"


def _median_ms(seconds: Iterable[float]) -> float:
    return median(seconds) * 1000


if __name__ == "__main__":
    main()
