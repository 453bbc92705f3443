"""python -m benchmarks [--sizes 10000,100000,1000000] [--runs 3] [--write]."""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import measure
from benchmarks.contenders import CONTENDERS, TICKET_EXPORT, HelpDesk, missing
from benchmarks.report import REPORT, machine, table, write

if TYPE_CHECKING:
    from benchmarks.measure import Run

#: A contender that takes longer than this many seconds is run once.
PATIENCE = 60


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", default="10000,100000,1000000", help="numbers of tickets")
    parser.add_argument("--runs", type=int, default=3, help="runs of each contender, interleaved; medians are shown")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    if problem := missing():
        sys.exit(problem)
    sizes = [int(size) for size in arguments.sizes.split(",")]
    with tempfile.TemporaryDirectory(prefix="ticket-export-bench-") as folder:
        results = {size: _compare(size, Path(folder) / str(size), arguments.runs) for size in sizes}
    text = table(results, runs=arguments.runs, machine=machine())
    print(text)
    if arguments.write:
        write(REPORT, text, section="measured")


def _compare(size: int, folder: Path, runs: int) -> dict[str, list[Run]]:
    folder.mkdir()
    desk = HelpDesk(folder / "desk.db", folder)
    _note(f"{size:,} tickets: filling")
    measure.run([TICKET_EXPORT, "migrate", "--reference-schema"], environment=desk.environment)
    measure.run([TICKET_EXPORT, "sample-data", "--tickets", str(size)], environment=desk.environment)
    results: dict[str, list[Run]] = {name: [] for name in CONTENDERS}
    rows: dict[str, int] = {}
    for number in range(runs):
        # Interleaved, so that what the machine does meanwhile hits everybody.
        for name, contender in CONTENDERS.items():
            if results[name] and results[name][0].seconds > PATIENCE:
                continue
            file = folder / f"{name}.csv"
            result = contender(desk, file)
            results[name].append(result)
            _note(f"{size:,} tickets, run {number + 1}: {name} {result.seconds:.2f} s, {result.peak_mb:.0f} MB")
            rows.setdefault(name, _rows(file))
            file.unlink()
    if len(set(rows.values())) != 1:
        sys.exit(f"not everybody wrote the same number of rows: {rows}")
    return results


def _rows(file: Path) -> int:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        return sum(1 for _ in csv.reader(lines))


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
