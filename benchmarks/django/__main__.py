"""Compare exports of Django's models with django-import-export: python -m benchmarks.django [--database postgresql]."""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from statistics import median

from benchmarks import databases
from benchmarks.acceptance import acceptance
from benchmarks.comparison import compare
from benchmarks.contenders import HelpDesk
from benchmarks.databases import Database
from benchmarks.django import project, report
from benchmarks.django.agreement import SameCells
from benchmarks.django.contenders import CONTENDERS, PROMISES, SQLITE_PROMISES
from benchmarks.django.costs import measure_costs
from benchmarks.report import REPORT, machine, table, write

_SIZES = "50000,200000"
_FEW_TICKETS = 20


@contextmanager
def _sqlite() -> Iterator[Database]:
    yield Database(
        description=f"SQLite {sqlite3.sqlite_version}",
        contenders=CONTENDERS,
        new_desk=lambda folder: nullcontext(HelpDesk(folder / "desk.db", folder)),
        settle=lambda _desk: None,
        promises=SQLITE_PROMISES,
    )


def _postgresql() -> AbstractContextManager[Database]:
    return databases.postgresql(lambda _psql: CONTENDERS, PROMISES)


_DATABASES: dict[str, Callable[[], AbstractContextManager[Database]]] = {"postgresql": _postgresql, "sqlite": _sqlite}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.django", description=__doc__)
    parser.add_argument("--database", choices=[*_DATABASES, "both"], default="both")
    parser.add_argument("--sizes", default=_SIZES, help=f"numbers of tickets, separated by commas (default: {_SIZES})")
    parser.add_argument("--runs", type=int, default=3, help="interleaved runs of each contender")
    parser.add_argument("--only", default="", help="parts of contenders' names, separated by commas (default: all)")
    parser.add_argument("--write", action="store_true", help="write the tables to docs/background/benchmarks.md")
    arguments = parser.parse_args()
    only = [part for part in arguments.only.split(",") if part]
    sizes = [int(size) for size in arguments.sizes.split(",")]
    for name, opened in _DATABASES.items():
        if arguments.database not in {name, "both"}:
            continue
        with opened() as database, tempfile.TemporaryDirectory(prefix="ticket-export-bench-") as folder:
            text = _measured(database, sizes, Path(folder), runs=arguments.runs, only=only)
        print(text)
        if arguments.write:
            write(REPORT, text, section=f"django {name}")


def _measured(database: Database, sizes: Sequence[int], folder: Path, *, runs: int, only: Sequence[str]) -> str:
    agreements: list[SameCells] = []
    models: list[float] = []

    def agreement() -> SameCells:
        agreements.append(SameCells())
        return agreements[-1]

    def fill(desk: HelpDesk, tickets: int) -> float:
        seconds = project.fill(desk, tickets)
        models.append(median(project.memory_of_models(desk) for _ in range(3)))
        return seconds

    comparisons = [
        compare(database, size, folder / str(size), runs=runs, only=only, fill=fill, agreement=agreement)
        for size in sizes
    ]
    small = folder / "costs"
    small.mkdir()
    with database.new_desk(small) as desk:
        project.fill(desk, _FEW_TICKETS)
        costs = measure_costs(desk)
    return "\n".join(
        [
            table(comparisons, runs=runs, machine=machine(database.description)),
            "",
            acceptance(comparisons, database.promises),
            *report.parts(comparisons[-1], memory_of_models=models[-1]),
            *report.forms(agreements[-1].found),
            *report.costs(costs),
        ]
    )


if __name__ == "__main__":
    main()
