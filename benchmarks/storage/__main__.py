"""Compare an export to local files with exports to other storages: python -m benchmarks.storage."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.comparison import note
from benchmarks.databases import postgresql
from benchmarks.fill.loader import fill_help_desk
from benchmarks.measure import Run
from benchmarks.report import machine, write
from benchmarks.storage.places import STORES, places
from benchmarks.storage.report import REPORT, table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storage", description=__doc__)
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3, help="rounds, shown as medians")
    parser.add_argument("--write", action="store_true", help="write the table to docs/background/storage.md")
    parser.add_argument("--server-python", default=sys.executable, help="a Python that has the servers of the stores")
    parser.add_argument("--only", action="append", default=[], help="a part of a store's name; by default, all stores")
    arguments = parser.parse_args()
    stores = [store for store in STORES if not arguments.only or any(part in store.name for part in arguments.only)]
    with (
        tempfile.TemporaryDirectory(prefix="ticket-export-bench-") as folder,
        places(stores, arguments.server_python) as everywhere,
        postgresql() as database,
        database.new_desk(Path(folder)) as desk,
    ):
        note(f"{arguments.tickets:,} tickets: filling")
        fill_help_desk(desk.url, arguments.tickets)
        database.settle(desk)
        names = list(everywhere)
        results: dict[str, list[Run]] = {name: [] for name in names}
        for number in range(-1, arguments.runs):
            # Each place is first in turn, and the first round does not count.
            for name in names[number % len(names) :] + names[: number % len(names)]:
                run = everywhere[name].export(desk)
                note(f"{name}: {run.seconds:.2f} s, {run.peak_mb:.1f} MB")
                if number >= 0:
                    results[name].append(run)
        text = table(results, tickets=arguments.tickets, machine=machine(database.description))
    print(text)
    if arguments.write:
        write(REPORT, text, section="storage")


if __name__ == "__main__":
    main()
