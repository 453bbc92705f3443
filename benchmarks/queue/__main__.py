"""Measure queued exports and an idle worker: python -m benchmarks.queue."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.queue.costs import measure_costs
from benchmarks.queue.desk import fill
from benchmarks.queue.idle import Idle, measure_idle
from benchmarks.queue.postgresql import durable_postgresql
from benchmarks.queue.report import idle_table, table
from benchmarks.report import REPORT, machine, write

# The seconds and requests that make the figures steady.
_IDLE, _REQUESTS = 20, 20


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queue", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000, help=f"exports in a round, {_REQUESTS} or more")
    parser.add_argument("--rows", type=int, default=100, help="rows of each export")
    parser.add_argument("--runs", type=int, default=3, help="rounds, shown as medians")
    parser.add_argument("--write", action="store_true", help="write the table to docs/background/benchmarks.md")
    arguments = parser.parse_args()
    if arguments.jobs < _REQUESTS:
        parser.error(f"--jobs must be {_REQUESTS} or more")
    with tempfile.TemporaryDirectory(prefix="ticket-export-bench-") as name:
        folder = Path(name)
        _note("filling")
        desk = fill(folder, jobs=arguments.jobs, rows=arguments.rows)
        costs = []
        for number in range(arguments.runs):
            costs.append(measure_costs(desk, folder / f"bare-{number}"))
            _note(f"round {number + 1}: {costs[-1].draining:.1f} s for {arguments.jobs} exports")
        _note("an idle worker")
        idle = {"SQLite": measure_idle(desk, seconds=_IDLE, requests=_REQUESTS)}
        desk.container.engine().dispose()
        idle["PostgreSQL"] = _on_postgresql(folder / "postgresql", rows=arguments.rows)
    text = f"{table(costs, rows=arguments.rows, machine=machine())}\n\n{idle_table(idle)}"
    print(text)
    if arguments.write:
        write(REPORT, text, section="queue")


def _on_postgresql(folder: Path, *, rows: int) -> Idle:
    _note("an idle worker on PostgreSQL")
    folder.mkdir()
    with durable_postgresql() as url:
        desk = fill(folder, jobs=_REQUESTS + 1, rows=rows, postgresql_url=url)
        try:
            return measure_idle(desk, seconds=_IDLE, requests=_REQUESTS)
        finally:
            desk.container.engine().dispose()


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
