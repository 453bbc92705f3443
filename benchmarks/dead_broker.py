"""Measure requests while the broker is away: python -m benchmarks.dead_broker.

Of a broker that is away, a host's machine is refused, or is not answered at all, or its connection is accepted and then
nothing is read. The processes of four hosts, one with a broker that works, request in turn. Their first requests, which
import what sends hints, do not count.
"""

from __future__ import annotations

import argparse
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from tests.brokers import Valkey, free_port, started

from benchmarks.queue.desk import opened
from benchmarks.report import REPORT, machine, write

# The milliseconds that a request may take longer.
_LONGER = 100.0
# Seconds between two requests of a host. After a failure, some seconds pass before the next hint.
_BETWEEN = 0.25
_THERE = "there"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dead_broker", description=__doc__)
    parser.add_argument("--requests", type=int, default=100, help="requests of each host")
    parser.add_argument("--write", action="store_true", help="write the table to docs/background/benchmarks.md")
    arguments = parser.parse_args()
    text = _table(_measure(arguments.requests))
    print(text)
    if arguments.write:
        write(REPORT, text, section="broker")


def _measure(requests: int) -> Mapping[str, list[float]]:
    """The milliseconds of the requests, by what the broker is."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ticket-export-bench-")))
        ports = {
            _THERE: stack.enter_context(started(Valkey)).port,
            "away: connections are refused": free_port(),
            "away: connections are not answered": stack.enter_context(_black_hole(backlog=0)),
            "away: nothing is read from connections": stack.enter_context(_black_hole(backlog=4096)),
        }
        desks = {
            name: stack.enter_context(
                opened(folder / str(port), broker_url=f"redis://127.0.0.1:{port}/0", jobs=requests + 1, rows=1)
            )
            for name, port in ports.items()
        }
        taken: dict[str, list[float]] = {name: [] for name in desks}
        for number in range(requests + 1):
            for name, desk in desks.items():
                taken[name].append(desk.ask("request_one", number)[0] * 1000)
                time.sleep(_BETWEEN / len(desks))
        return {name: each[1:] for name, each in taken.items()}


@contextmanager
def _black_hole(*, backlog: int) -> Iterator[int]:
    """A port that nobody serves. Once more connections than `backlog` wait, the system does not answer any more."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=backlog))
        port: int = listener.getsockname()[1]
        if not backlog:
            for _ in range(4):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(("127.0.0.1", port))
        yield port


def _table(taken: Mapping[str, list[float]]) -> str:
    requests = len(taken[_THERE])
    lines = [
        f"{requests} requests of each host, {_BETWEEN:g} s apart; {machine()}.",
        "",
        "| the broker is | a request, median | the longest |",
        "|---|---:|---:|",
        *(f"| {name} | {median(each):.1f} ms | {max(each):.1f} ms |" for name, each in taken.items()),
        "",
    ]
    for name, each in taken.items():
        if name != _THERE:
            longer = max(each) - max(taken[_THERE])
            verdict = "pass" if longer <= _LONGER else "MISS"
            lines.append(f"- {name}: the longest takes {longer:+.1f} ms ({verdict}: at most {_LONGER:g})")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
