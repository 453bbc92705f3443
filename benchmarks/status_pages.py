"""Measure open status pages: python -m benchmarks.status_pages.

500 pages ask one process with four threads for their exports: with the last ETag, and after the pause that the last
answer asks for; the library's script asks less often the longer a page is open. The exports run, and each second the
progress of a tenth of them changes.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import process_time
from typing import Final

import attrs

from benchmarks.queue.postgresql import durable_postgresql
from benchmarks.report import REPORT, machine, write
from benchmarks.web.readers import Answer, Readers
from benchmarks.web.served import Served, served
from benchmarks.web.watched_exports import WatchedExports, watched_exports

_DATABASES: Final = ("PostgreSQL", "SQLite")
# Seconds that are not counted. In two thirds of them the pages begin, and the first answer of each is a whole page.
_UNCOUNTED: Final = 10.0
# How much longer than the median the longest answer may take.
_LONGEST: Final = 5.0
_HEADS: Final = (
    "answers per second",
    "of these 304",
    "most asks of an export per second",
    "CPU time of an answer",
    "median",
    "99 % within",
    "the longest",
    "longest / median",
)
# How often a second the database may be asked for one export.
_MOST_ASKS: Final = 1.0


@attrs.frozen(kw_only=True)
class Reading:
    """Who reads what: pages of `exports` different exports, in HTML or in JSON."""

    host: str
    exports: int
    accept: str

    @property
    def name(self) -> str:
        return f"{self.exports} exports, {'pages' if self.accept == 'text/html' else 'JSON'}"


@attrs.frozen(kw_only=True)
class Result:
    """What was counted in `seconds`: the answers, and the asks of each export.

    `cpu` is the CPU time of the server for one answer, `readers_cpu` that of the pages, and `longest_pause` the longest
    pause of the server for its garbage collector, as CPU time; all in seconds.
    """

    database: str
    reading: Reading
    seconds: float
    answers: Sequence[Answer]
    asks: Mapping[str, Sequence[float]]
    cpu: float
    readers_cpu: float
    longest_pause: float

    @property
    def head(self) -> str:
        return f"{self.reading.host}, {self.database}, {self.reading.name}"

    @property
    def taken(self) -> list[float]:
        """The seconds of the answers, the shortest first."""
        return sorted(each.seconds for each in self.answers)

    @property
    def most_asks(self) -> float:
        """How often a second the database was asked for the export that it was asked for most often."""
        rates = [(len(each) - 1) / (each[-1] - each[0]) for each in self.asks.values() if len(each) > 1]
        return max(rates, default=0.0)

    @property
    def ratio(self) -> float:
        """The longest answer, divided by the median."""
        return self.taken[-1] / median(self.taken)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.status_pages", description=__doc__)
    parser.add_argument("--pages", type=int, default=500, help="open pages")
    parser.add_argument("--seconds", type=float, default=8, help="how long each reading is counted")
    parser.add_argument("--only", default="", help="part of the names of the readings, for example: Flask, PostgreSQL")
    parser.add_argument("--write", action="store_true", help="write the table to docs/background/benchmarks.md")
    arguments = parser.parse_args()
    results = list(_measured(arguments.pages, arguments.seconds, arguments.only))
    text = _table(results, pages=arguments.pages)
    print(text)
    if arguments.write:
        write(REPORT, text, section="status pages")


def _readings(pages: int) -> list[Reading]:
    everyone = Reading(host="Flask", exports=pages, accept="text/html")
    return [
        everyone,
        attrs.evolve(everyone, accept="application/json"),
        attrs.evolve(everyone, exports=5),
        attrs.evolve(everyone, host="FastAPI"),
    ]


def _measured(pages: int, seconds: float, only: str) -> Iterator[Result]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ticket-export-bench-")))
        for database in _DATABASES:
            chosen = [each for each in _readings(pages) if only in f"{each.host}, {database}, {each.name}"]
            if not chosen:
                continue
            url = f"sqlite:///{folder / 'desk.db'}"
            if database == "PostgreSQL":
                url = stack.enter_context(stack.enter_context(durable_postgresql()).new_database())
            exports = watched_exports(url, (folder / database).as_uri(), count=pages)
            for reading in chosen:
                with served(reading.host, exports.settings) as host:
                    result = measure(exports, host, reading, database=database, pages=pages, seconds=seconds)
                _note(result)
                yield result
            exports.container.engine().dispose()


def measure(
    exports: WatchedExports,
    host: Served,
    reading: Reading,
    *,
    database: str,
    pages: int,
    seconds: float,
    uncounted: float = _UNCOUNTED,
) -> Result:
    """Let the pages read; return what was counted after the first `uncounted` seconds."""
    exports.run()
    watched = [str(exports.ids[number % reading.exports]) for number in range(pages)]
    begin_within = uncounted * 2 / 3
    readers = Readers(port=host.port, exports=watched, accept=reading.accept, begin_within=begin_within)
    # Or its garbage collector would now and then stop all pages for a tenth of a second.
    gc.collect()
    gc.freeze()
    began = time.monotonic() + uncounted
    with exports.changing():
        readers_cpu, cpu = process_time(), host.cpu_seconds()
        answers = readers.read(until=began + seconds)
        cpu, readers_cpu = host.cpu_seconds() - cpu, process_time() - readers_cpu
    seen = host.seen()
    asks: dict[str, list[float]] = defaultdict(list)
    for at, export in seen["asks"]:
        if at >= began:
            asks[export].append(at)
    counted = [each for each in answers if each.at - each.seconds >= began]
    return Result(
        database=database,
        reading=reading,
        seconds=seconds,
        answers=counted,
        asks=asks,
        cpu=cpu / len(answers),
        readers_cpu=readers_cpu / len(answers),
        longest_pause=max(seen["pauses"], default=0.0),
    )


def _table(results: Sequence[Result], *, pages: int) -> str:
    lines = [
        f"{pages} open pages, each reading counted for {results[0].seconds:g} s; {machine()}.",
        "",
        f"| {' | '.join(['', *_HEADS])} |",
        f"|{'|'.join(['---', *('---:' for _ in _HEADS)])}|",
        *map(_row, results),
        "",
    ]
    for each in results:
        asks, ratio = each.most_asks, each.ratio
        lines.append(
            f"- {each.head}: the database is asked {asks:.2f} times a second for one export "
            f"({_verdict(round(asks, 2) <= _MOST_ASKS)}: at most {_MOST_ASKS:g}), and the longest answer takes "
            f"{ratio:.1f} times the median ({_verdict(ratio <= _LONGEST)}: at most {_LONGEST:g})"
        )
    return "\n".join(lines)


def _row(result: Result) -> str:
    taken = result.taken
    unchanged = sum(each.status == 304 for each in result.answers) / len(result.answers)
    cells = [
        result.head,
        f"{len(taken) / result.seconds:.0f}",
        f"{unchanged:.0%}",
        f"{result.most_asks:.2f}",
        f"{result.cpu * 1000:.2f} ms",
        *(f"{each * 1000:.1f} ms" for each in (median(taken), taken[int(len(taken) * 0.99)], taken[-1])),
        f"{result.ratio:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _note(result: Result) -> None:
    print(
        f"{result.head}: longest / median {result.ratio:.1f}; for an answer {result.cpu * 1000:.2f} ms of CPU time, "
        f"and {result.readers_cpu * 1000:.2f} ms of the pages; longest pause of the garbage collector "
        f"{result.longest_pause * 1000:.1f} ms",
        file=sys.stderr,
        flush=True,
    )


def _verdict(is_within: bool) -> str:
    return "pass" if is_within else "MISS"


if __name__ == "__main__":
    main()
