"""Measure queued exports and idle workers: python -m benchmarks.queue.

With `--baseline` it measures another version too, in the same rounds, and compares the two.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import attrs
from tests.brokers import Valkey, started

from benchmarks.queue.costs import measure_costs
from benchmarks.queue.desk import QueueDesk, opened
from benchmarks.queue.idle import measure_idle
from benchmarks.queue.postgresql import DurablePostgresql, durable_postgresql
from benchmarks.queue.report import Column, comparison, table
from benchmarks.queue.setups import SETUPS
from benchmarks.queue.version import NOW, Version
from benchmarks.report import REPORT, machine, write


@attrs.frozen(kw_only=True)
class _Plan:
    """What is measured: `jobs` exports of `rows` rows a round, then idle workers for `idle` seconds."""

    setups: Sequence[str]
    versions: Sequence[Version]
    jobs: int
    rows: int
    rounds: int
    idle: int

    def measure(self, folder: Path, server: DurablePostgresql, broker_url: str) -> Mapping[tuple[str, Version], Column]:
        """Return a column for each set-up and version. In each round every one runs once, in turn the first."""
        keys = [
            (name, version)
            for name in self.setups
            for version in self.versions
            if version.runs_on_celery or not SETUPS[name].is_on_celery
        ]
        columns = {(name, version): Column(head=_head(name, version)) for name, version in keys}
        with ExitStack() as stack:
            desks: dict[tuple[str, Version], QueueDesk] = {}
            for name, version in keys:
                _note(f"{columns[name, version].head}: filling")
                url = stack.enter_context(server.new_database()) if SETUPS[name].is_on_postgresql else None
                desks[name, version] = stack.enter_context(
                    opened(
                        folder / str(len(desks)),
                        url,
                        version=version,
                        workers=SETUPS[name].workers,
                        broker_url=broker_url if SETUPS[name].is_on_celery else None,
                        jobs=self.jobs,
                        rows=self.rows,
                    )
                )
            for number in range(self.rounds):
                for key in keys[number % len(keys) :] + keys[: number % len(keys)]:
                    costs = measure_costs(desks[key], jobs=self.jobs)
                    columns[key].costs.append(costs)
                    _note(f"{columns[key].head}: {1 / costs.job:.1f}/s, {costs.cpu * 1000:.1f} ms of CPU time")
            for key in keys:
                _note(f"{columns[key].head}: idle")
                columns[key].idle.append(measure_idle(desks[key], seconds=self.idle, requests=self.idle))
        return columns


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queue", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000, help="exports in a round")
    parser.add_argument("--rows", type=int, default=100, help="rows of each export")
    parser.add_argument("--runs", type=int, default=3, help="rounds, shown as medians")
    parser.add_argument("--idle", type=int, default=20, help="seconds of idle workers, and requests to idle workers")
    parser.add_argument("--quick", action="store_true", help="one small round, to try the benchmark")
    parser.add_argument("--only", nargs="+", choices=list(SETUPS), help="some of the columns")
    parser.add_argument("--baseline", type=Path, metavar="PATH", help="the folder of another checkout, to compare with")
    parser.add_argument("--write", action="store_true", help="write the table to docs/background/benchmarks.md")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.jobs, arguments.runs, arguments.idle = 100, 1, 3
    if arguments.jobs < arguments.idle:
        parser.error(f"--jobs must be {arguments.idle} or more")
    baseline = [Version(arguments.baseline.resolve())] if arguments.baseline else []
    plan = _Plan(
        setups=arguments.only or list(SETUPS),
        versions=[*baseline, NOW],
        jobs=arguments.jobs,
        rows=arguments.rows,
        rounds=arguments.runs,
        idle=arguments.idle,
    )
    with (
        tempfile.TemporaryDirectory(prefix="ticket-export-bench-") as folder,
        durable_postgresql() as server,
        started(Valkey) as broker,
    ):
        columns = plan.measure(Path(folder), server, broker.url)
        where = f"{machine()}, {server.description}"
    text = table(list(columns.values()), jobs=plan.jobs, rows=plan.rows, machine=where)
    for each in baseline:
        pairs = [(columns[name, NOW], columns[name, each]) for name in plan.setups if (name, each) in columns]
        text = f"{text}\n\n{comparison(pairs, than=each.name)}"
    print(text)
    if arguments.write:
        write(REPORT, text, section="queue")


def _head(name: str, version: Version) -> str:
    return name if version == NOW else f"{name}, {version.name}"


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
