"""python -m benchmarks [--database both] [--sizes 100000,1000000] [--runs 5] [--only psql,pandas] [--write]."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.acceptance import acceptance
from benchmarks.comparison import compare
from benchmarks.databases import DATABASES
from benchmarks.report import REPORT, machine, table, write

# SQLite is for a desk of one machine, and slower, so that fewer runs will do.
_SIZES = {"sqlite": "10000,100000,1000000", "postgresql": "100000,1000000"}
_RUNS = {"sqlite": 3, "postgresql": 5}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--sizes", help=f"numbers of tickets; {_SIZES}")
    parser.add_argument("--runs", type=int, help=f"runs of each contender, interleaved; medians are shown; {_RUNS}")
    parser.add_argument("--only", default="", help="parts of the contenders' names; all, if none is given")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/background/benchmarks.md")
    arguments = parser.parse_args()
    only = [part for part in arguments.only.split(",") if part]
    for name, opened in DATABASES.items():
        if arguments.database not in {name, "both"}:
            continue
        sizes = [int(size) for size in (arguments.sizes or _SIZES[name]).split(",")]
        runs = arguments.runs or _RUNS[name]
        with opened() as database, tempfile.TemporaryDirectory(prefix="ticket-export-bench-") as folder:
            comparisons = [compare(database, size, Path(folder) / str(size), runs=runs, only=only) for size in sizes]
            text = table(comparisons, runs=runs, machine=machine(database.description))
            if promised := acceptance(comparisons, database.promises):
                text += f"\n\n{promised}"
        print(text)
        if arguments.write:
            write(REPORT, text, section=name)


if __name__ == "__main__":
    main()
