"""Runs the contenders in turns, so that other load on the machine affects all of them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import attrs

from benchmarks.agreement import Agreement, SameRecords
from benchmarks.contenders import Contender, HelpDesk
from benchmarks.databases import Database
from benchmarks.fill.loader import fill_help_desk
from benchmarks.measure import Run

#: A contender that takes more seconds than this runs once.
PATIENCE = 60


@attrs.frozen
class Comparison:
    """`loading` is the seconds of inserting the `tickets`; runs with the same index belong to one round."""

    tickets: int
    loading: float
    runs: Mapping[str, Sequence[Run]]


def _fill(desk: HelpDesk, tickets: int) -> float:
    return fill_help_desk(desk.url, tickets)


def compare(
    database: Database,
    tickets: int,
    folder: Path,
    *,
    runs: int,
    only: Collection[str],
    fill: Callable[[HelpDesk, int], float] = _fill,
    agreement: Callable[[], Agreement] = SameRecords,
) -> Comparison:
    """Measure the contenders whose name contains one of `only`, or all.

    `fill` creates the tables and the tickets, and returns the seconds of it.
    """
    folder.mkdir()
    contenders = {
        name: contender
        for name, contender in database.contenders.items()
        if not only or any(part in name for part in only)
    }
    with database.new_desk(folder) as desk:
        note(f"{tickets:,} tickets: filling")
        loading = fill(desk, tickets)
        database.settle(desk)
        note(f"{tickets:,} tickets: filled in {loading:.1f} s")
        turns = _Turns(database, desk)
        results = turns.warm_up(contenders, agreement())
        names = list(contenders)
        for number in range(runs):
            start = number % len(names)
            for name in names[start:] + names[:start]:
                if results[name] and results[name][0].seconds > PATIENCE:
                    continue
                results[name].append(turns.run(name, contenders[name]))
    return Comparison(tickets, loading, results)


@attrs.frozen
class _Turns:
    database: Database
    desk: HelpDesk

    def warm_up(self, contenders: Mapping[str, Contender], agreement: Agreement) -> dict[str, list[Run]]:
        """Run each once and compare all files; only a run that takes too long for another one counts."""
        results: dict[str, list[Run]] = {}
        for name, contender in contenders.items():
            run = self.run(name, contender, agreement=agreement)
            results[name] = [run] if run.seconds > PATIENCE else []
        agreement.require()
        return results

    def run(self, name: str, contender: Contender, *, agreement: Agreement | None = None) -> Run:
        """Run it once, give the file to the `agreement` if there is one, and remove the file."""
        file = self.desk.folder / "rows.csv"
        # No run pays for writes that an earlier one left to the operating system.
        os.sync()
        server = self.database.server
        backends = server.backends() if server else frozenset()
        used = server.cpu_seconds(without=backends) if server else 0.0
        run = contender(self.desk, file)
        if server:
            run = attrs.evolve(run, server_cpu_seconds=server.cpu_seconds(without=backends) - used)
        stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in run.stages.items())
        note(f"{name}: {run.seconds:.2f} s, {run.peak_mb:.0f} MB{f' ({stages})' if stages else ''}")
        if agreement is not None:
            agreement.add(name, file)
        file.unlink(missing_ok=True)
        shutil.rmtree(self.desk.storage, ignore_errors=True)
        return run


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
