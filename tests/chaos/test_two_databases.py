"""Two databases share one storage while their workers are killed: neither loses a file to the other.

Every worker sweeps when it starts.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from signal import SIGKILL

from tests.chaos.arena import Arena
from tests.chaos.many_exports import SECONDS, chaos_random
from tests.chaos.random_signals import RandomSignals
from tests.chaos.workers import Workers
from ticket_export.testing.engines.end_state import EndState
from ticket_export.testing.engines.views import distinct_views

_EXPORTS, _TICKETS, _KILLS = 4, 2_000, 4


def test_no_database_loses_a_file_to_another_one_on_the_same_storage(
    tmp_path: Path, show: Callable[[str], None]
) -> None:
    random, seed = chaos_random()
    show(f"\ntwo databases with CHAOS_SEED={seed}")
    arenas = [Arena.open(tmp_path, f"sqlite:///{tmp_path / name}.db") for name in ("first", "second")]
    for arena in arenas:
        arena.fill(_TICKETS)
    with ThreadPoolExecutor(len(arenas)) as threads:
        list(threads.map(_rage, arenas, [Random(random.random()) for _ in arenas]))
    for arena in arenas:
        arena.container.sweep_orphaned_objects()()
    for arena in arenas:
        end = EndState.of(arena)
        show(f"  {end.text}")
        assert len(end.jobs) == _EXPORTS
        end.require_whole()
        arena.close()


def _rage(arena: Arena, random: Random) -> None:
    folder = arena.folder / f"workers {random.random()}"
    folder.mkdir()
    for view in distinct_views(_EXPORTS, _TICKETS, random):
        arena.request(view)
    with Workers(folder) as workers:
        chaos = RandomSignals(arena, workers, random, SIGKILL, lambda kills: kills < _KILLS)
        chaos.rage(SECONDS)
        chaos.calm()
