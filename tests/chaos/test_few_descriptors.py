"""A worker that may open next to nothing (``ulimit -n``) has 24 exports to make.

Claimed: none of them fails for it, and none loses an attempt; a worker that may open more makes them all. Where the
limit lets the worker make some, what it makes is right.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from signal import SIGTERM

import pytest

from tests.chaos.arena import Arena
from tests.chaos.limited import limited_worker
from tests.chaos.many_exports import EXPORTS, TICKETS, chaos_random
from tests.chaos.workers import Workers, wait_until
from ticket_export.testing.engines.end_state import EndState
from ticket_export.testing.engines.views import distinct_views

_EXPORTS = 24
# Seconds that the worker has to fail them all.
_LONG = 3.0


@pytest.mark.parametrize("open_files", [9] if EXPORTS < _EXPORTS else [8, 9, 10, 12, 16])
def test_no_export_fails_because_its_worker_may_open_few_files(
    open_files: int, arena: Arena, workers: Workers, show: Callable[[str], None]
) -> None:
    random, seed = chaos_random()
    settings = arena.with_lease(30).model_copy(update={"max_attempts": 3})
    arena.fill(TICKETS)
    for view in distinct_views(_EXPORTS, TICKETS, random):
        arena.request(view)
    log = arena.folder / "limited.log"
    with limited_worker(settings, log, open_files=open_files) as limited:
        wait_until(
            lambda: "worker ready" in log.read_text("utf-8") or limited.poll() is not None, "the worker is ready"
        )
        deadline = time.monotonic() + _LONG
        while arena.unfinished() and limited.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        made = _EXPORTS - arena.unfinished()
        limited.send_signal(SIGTERM)
        wait_until(lambda: limited.poll() is not None, "the worker stops")
    before = EndState.of(arena)
    assert [job.error_message for job in before.jobs if job.error_message] == [], log.read_text("utf-8")
    ended = f"{made} of {_EXPORTS} were made, the worker ended with {limited.returncode}"
    show(f"\nulimit -n {open_files} with CHAOS_SEED={seed}: {ended}")
    arena.end_leases()
    worker = workers.start(settings, "--drain")
    assert worker.end() == 0, worker.log.read_text("utf-8")
    arena.container.sweep_orphaned_objects()()
    EndState.of(arena).require_whole()
