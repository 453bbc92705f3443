"""Compare the formats on PostgreSQL, for example: python -m benchmarks.formats --sizes 100000 --only CSV,NDJSON."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.acceptance import acceptance
from benchmarks.comparison import compare
from benchmarks.databases import postgresql
from benchmarks.formats.contenders import PROMISES, contenders
from benchmarks.report import REPORT, machine, table, write


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formats", description=__doc__)
    parser.add_argument("--sizes", default="10000,100000,1000000", help="numbers of tickets, separated by commas")
    parser.add_argument("--runs", type=int, default=5, help="interleaved runs of each contender")
    parser.add_argument("--only", default="", help="parts of contenders' names, separated by commas (default: all)")
    parser.add_argument("--write", action="store_true", help="write the table to docs/background/benchmarks.md")
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    only = [part for part in arguments.only.split(",") if part]
    with (
        postgresql(contenders, PROMISES) as database,
        tempfile.TemporaryDirectory(prefix="ticket-export-bench-") as folder,
    ):
        comparisons = [
            compare(database, size, Path(folder) / str(size), runs=arguments.runs, only=only) for size in sizes
        ]
        text = table(comparisons, runs=arguments.runs, machine=machine(database.description))
        text += f"\n\n{acceptance(comparisons, PROMISES)}"
    print(text)
    if arguments.write:
        write(REPORT, text, section="formats")


if __name__ == "__main__":
    main()
