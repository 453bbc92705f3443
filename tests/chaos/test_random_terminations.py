"""Three workers and four writers, any of whose connections may be ended by ``pg_terminate_backend`` at any moment.

Claimed: as for signals, at the end every job is Completed with exactly the right bytes, or those of one moment
where tickets change; each has one media item and one object, no object is without a row after the sweep, no job ran to
completion twice, and nothing is Running. No worker ends for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.chaos.arena import Arena
from tests.chaos.busy_tickets import BusyTickets
from tests.chaos.many_exports import EXPORTS, SECONDS, TICKETS, ManyExports, chaos_random
from tests.chaos.random_terminations import RandomTerminations
from tests.chaos.workers import Workers
from ticket_export.testing.engines.end_state import EndState


@pytest.mark.parametrize("database_url", ["postgresql_url"], ids=["postgresql"], indirect=True)
def test_every_export_completes_exactly_once_however_often_connections_are_ended(
    arena: Arena, workers: Workers, busy_tickets: BusyTickets, show: Callable[[str], None]
) -> None:
    (random, seed), began_at = chaos_random(), time.monotonic()
    show(f"\npg_terminate_backend with CHAOS_SEED={seed}, {EXPORTS} exports of up to {TICKETS} tickets")
    arena.fill(TICKETS)
    with busy_tickets.changing():
        exports = ManyExports.request(arena, busy_tickets, random)
        chaos = RandomTerminations(arena, workers, random, exports.may_go_on)
        try:
            chaos.rage(SECONDS)
            # A lost connection shows at its next use.
            busy_tickets.writers.wait_for_more()
            chaos.calm()
        finally:
            losses = busy_tickets.writers.losses
            show(f"  {time.monotonic() - began_at:.1f} s, {chaos.text}; the writers have lost {losses}")
    swept = arena.container.sweep_orphaned_objects()()
    end = EndState.of(arena, changing=exports.changing)
    show(f"  {end.text}; {swept.removed} orphans at last")

    exports.require_whole(end)
    assert end.lost_attempts > 0, "no export has lost its connection: nothing was tested"
    assert losses > 0, "no writer has lost its connection"
