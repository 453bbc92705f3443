"""Compare the export with its alternatives, for example: python -m benchmarks --sizes 100000 --only psql,pandas."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.acceptance import acceptance
from benchmarks.comparison import compare
from benchmarks.databases import DATABASES
from benchmarks.report import REPORT, machine, table, write

# SQLite is for a help desk on one machine, and it is slower, so it has fewer runs.
_SIZES = {"sqlite": "10000,100000,1000000", "postgresql": "100000,1000000"}
_RUNS = {"sqlite": 3, "postgresql": 5}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--sizes", help=f"numbers of tickets, separated by commas (default: {_texts(_SIZES)})")
    parser.add_argument("--runs", type=int, help=f"interleaved runs of each contender (default: {_texts(_RUNS)})")
    parser.add_argument("--only", default="", help="parts of contenders' names, separated by commas (default: all)")
    parser.add_argument("--write", action="store_true", help="write the tables to docs/background/benchmarks.md")
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


def _texts(defaults: Mapping[str, object]) -> str:
    return "; ".join(f"{database} {default}" for database, default in defaults.items())


if __name__ == "__main__":
    main()
