"""Measures queued exports, from the request to the last file, and their rows alone."""

from __future__ import annotations

import time

import attrs

from benchmarks.queue.desk import QueueDesk

# This part of the exports is not measured: the last worker is not ready before.
_UNMEASURED = 0.1
# Seconds between two looks at the exports: at first, to find the moment from which on they are measured.
_SHORT, _LONG = 0.02, 0.25
# Seconds in which one more export is completed.
_PATIENCE = 60.0


@attrs.frozen(kw_only=True)
class Costs:
    """Seconds of one export, in the mean; all but `request` and `rows` while the workers are busy.

    `job` is the time between the completions of two exports, whichever workers run them. `server_cpu` is that of
    PostgreSQL, if it runs on this machine. `rows` are the rows alone, read and encoded into memory.
    """

    request: float
    job: float
    cpu: float
    server_cpu: float | None
    rows: float


def measure_costs(desk: QueueDesk, *, jobs: int) -> Costs:
    """One round: request all exports, run them with the workers of the desk, then read their rows."""
    (before, _), (requesting, _) = desk.ask("completed"), desk.ask("request", jobs)
    with desk.workers() as workers:
        began, first = _await_completed(desk, before + jobs * _UNMEASURED, look_every=_SHORT)
        cpu, server_cpu = workers.cpu_seconds(), desk.server_cpu_seconds()
        ended, last = _await_completed(desk, before + jobs, look_every=_LONG)
        cpu, all_server_cpu = workers.cpu_seconds() - cpu, desk.server_cpu_seconds()
    count = ended - began
    (reading,) = desk.ask("rows_alone", jobs)
    return Costs(
        request=requesting / jobs,
        job=(last - first) / count,
        cpu=cpu / count,
        server_cpu=None if server_cpu is None or all_server_cpu is None else (all_server_cpu - server_cpu) / count,
        rows=reading / jobs,
    )


def _await_completed(desk: QueueDesk, at_least: float, *, look_every: float) -> tuple[float, float]:
    """Return the number of completed exports and the moment of the last one, once they are enough."""
    seen, at = desk.ask("completed")
    deadline = time.monotonic() + _PATIENCE
    while seen < at_least:
        time.sleep(look_every)
        now, at = desk.ask("completed")
        if now > seen:
            deadline = time.monotonic() + _PATIENCE
        assert time.monotonic() < deadline, f"no export was completed for {_PATIENCE:g} s"
        seen = now
    return seen, at
