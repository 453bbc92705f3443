"""Three workers, any of which may be hit by a signal at any moment, finish every export exactly once.

Claimed, for SIGKILL and for SIGTERM: at the end every job is Completed with exactly the right bytes, each
has one media item and one object, no object is without a row after the sweep, no job ran to completion
twice, and nothing is Running. SIGTERM costs no attempt, and the worker ends with 0.

On PostgreSQL four others insert, change and delete tickets meanwhile; an export of those is one moment's,
though nobody can say of which.

``CHAOS_EXPORTS=200`` is the long form (`make chaos`), ``CHAOS_SEED`` repeats what a run printed: the same
views, victims and pauses, though never quite the same moments.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from signal import SIGKILL, SIGTERM, Signals

import pytest

from tests.chaos.arena import Arena
from tests.chaos.busy_tickets import BusyTickets
from tests.chaos.many_exports import EXPORTS, SECONDS, TICKETS, ManyExports, chaos_random
from tests.chaos.random_signals import RandomSignals
from tests.chaos.workers import Workers
from ticket_export.testing.engines.end_state import EndState


@pytest.mark.parametrize("signal", [SIGKILL, SIGTERM], ids=lambda signal: signal.name)
def test_every_export_completes_exactly_once_however_often_workers_are_hit_by(
    signal: Signals, arena: Arena, workers: Workers, busy_tickets: BusyTickets, show: Callable[[str], None]
) -> None:
    (random, seed), began_at = chaos_random(), time.monotonic()
    show(f"\n{signal.name} with CHAOS_SEED={seed}, {EXPORTS} exports of up to {TICKETS} tickets")
    arena.fill(TICKETS)
    with busy_tickets.changing():
        exports = ManyExports.request(arena, busy_tickets, random)
        chaos = RandomSignals(arena, workers, random, signal, exports.may_go_on)
        try:
            chaos.rage(SECONDS)
            chaos.calm()
        finally:
            show(f"  {time.monotonic() - began_at:.1f} s, {len(workers.started)} workers, {chaos.hits.text}")
    swept = arena.container.sweep_orphaned_objects()()
    end = EndState.of(arena, changing=exports.changing)
    show(f"  {end.text}; {swept.removed} orphans at last, {arena.unfinished_files()} files of killed writers")

    exports.require_whole(end)
    if signal is SIGKILL:
        assert end.lost_attempts > 0, "no signal hit an export: nothing was tested"
        assert end.handed_back == 0
    else:
        assert end.lost_attempts == 0
        assert end.handed_back > 0, "no signal hit an export: nothing was tested"
