"""Three workers, any of which may be hit by a signal at any moment, finish every export exactly once.

Claimed, for SIGKILL and for SIGTERM: at the end every job is Completed with exactly the right bytes, each
has one media item and one object, no object is without a row after the sweep, no job ran to completion
twice, and nothing is Running. SIGTERM costs no attempt, and the worker ends with 0.

``CHAOS_EXPORTS=200`` is the long form (`make chaos`), ``CHAOS_SEED`` repeats what a run printed: the same
views, victims and pauses, though never quite the same moments.
"""

from __future__ import annotations

import os
import time
from random import Random
from signal import SIGKILL, SIGTERM, Signals
from typing import TYPE_CHECKING

import pytest

from tests.chaos.end_state import EndState
from tests.chaos.random_signals import RandomSignals
from tests.chaos.views import distinct_views

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.arena import Arena
    from tests.chaos.workers import Workers

_EXPORTS = int(os.environ.get("CHAOS_EXPORTS", "30"))
_TICKETS = 6_000
# More than ten times what it takes; a machine may be busy.
_SECONDS = 60 + 3 * _EXPORTS


@pytest.mark.parametrize("signal", [SIGKILL, SIGTERM], ids=lambda signal: signal.name)
def test_every_export_completes_exactly_once_however_often_workers_are_hit_by(
    signal: Signals, arena: Arena, workers: Workers, show: Callable[[str], None]
) -> None:
    seed = os.environ.get("CHAOS_SEED") or str(Random().randrange(1_000_000))
    random, began_at = Random(seed), time.monotonic()
    arena.fill(_TICKETS)
    for view in distinct_views(_EXPORTS, _TICKETS, random):
        arena.request(view)
    chaos = RandomSignals(arena, workers, random, signal)
    show(f"\n{signal.name} with CHAOS_SEED={seed}, {_EXPORTS} exports of up to {_TICKETS} tickets")
    try:
        chaos.rage(_SECONDS)
        chaos.calm()
    finally:
        show(f"  {time.monotonic() - began_at:.1f} s, {len(workers.started)} workers, {chaos.hits.text}")
    swept = arena.container.sweep_orphaned_objects()()
    end = EndState.of(arena)
    show(f"  {end.text}; {swept.removed} orphans at last, {arena.unfinished_files()} files of killed writers")

    assert len(end.jobs) == _EXPORTS
    end.require_whole()
    if signal is SIGKILL:
        assert end.lost_attempts > 0, "no signal hit an export: nothing was tested"
        assert end.handed_back == 0
    else:
        assert end.lost_attempts == 0
        assert end.handed_back > 0, "no signal hit an export: nothing was tested"
