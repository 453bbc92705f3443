"""Three workers behind networks that fall silent, for a while or with their machine; their clocks are minutes apart.

Claimed: as for signals, at the end every job is Completed with exactly the right bytes, or those of one moment; each
has one media item and one object, no object is without a row after the sweep, and nothing is Running.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.chaos.arena import Arena
from tests.chaos.busy_tickets import BusyTickets
from tests.chaos.many_exports import EXPORTS, SECONDS, TICKETS, ManyExports, chaos_random
from tests.chaos.silent_network import SilentNetwork
from tests.chaos.workers import Workers, wait_until
from ticket_export.testing.engines.end_state import EndState
from ticket_export.testing.engines.views import distinct_views

# How far the workers' clocks are from the database's.
_APART = 600.0


@pytest.mark.parametrize("database_url", ["postgresql_url"], ids=["postgresql"], indirect=True)
def test_every_export_completes_exactly_once_however_often_networks_fall_silent(
    arena: Arena, workers: Workers, busy_tickets: BusyTickets, show: Callable[[str], None]
) -> None:
    (random, seed), began_at = chaos_random(), time.monotonic()
    show(f"\nsilent networks with CHAOS_SEED={seed}, {EXPORTS} exports of up to {TICKETS} tickets")
    arena.fill(TICKETS)
    with busy_tickets.changing():
        exports = ManyExports.request(arena, busy_tickets, random)
        with SilentNetwork(arena, workers, random, exports.may_go_on) as chaos:
            try:
                chaos.rage(2 * SECONDS)
                chaos.calm()
            finally:
                show(f"  {time.monotonic() - began_at:.1f} s, {len(workers.started)} workers, {chaos.text}")
    swept = arena.container.sweep_orphaned_objects()()
    end = EndState.of(arena, changing=exports.changing)
    show(f"  {end.text}; {swept.removed} orphans at last")

    exports.require_whole(end)
    assert chaos.faults["with an export"] > 0, "no fault has met an export: nothing was tested"


@pytest.mark.parametrize("database_url", ["postgresql_url"], ids=["postgresql"], indirect=True)
def test_workers_whose_clocks_are_apart_take_no_export_from_each_other(arena: Arena, workers: Workers) -> None:
    arena.fill(TICKETS)
    random, _ = chaos_random()
    for view in distinct_views(EXPORTS, TICKETS, random):
        arena.request(view)
    # A lease that the difference of the clocks exceeds, and nothing else does.
    settings = arena.with_lease(60)
    for seconds_off in (_APART, -_APART, 0.0):
        workers.start(settings, seconds_off=seconds_off)
    wait_until(lambda: arena.unfinished() == 0, "all exports have ended")
    end = EndState.of(arena)
    end.require_whole()
    assert end.lost_attempts == 0
