"""Two workers are forked from a process whose container was used, and all three make exports at once.

Claimed: each export is made exactly once, and its lease bears the name of the process that made it.
"""

from __future__ import annotations

import subprocess
import sys

from tests.chaos import forked_workers
from tests.chaos.arena import Arena
from tests.chaos.many_exports import EXPORTS, SECONDS, TICKETS, chaos_random
from ticket_export.testing.engines.end_state import EndState
from ticket_export.testing.engines.views import distinct_views


def test_every_export_is_made_once_by_forked_workers(arena: Arena) -> None:
    arena.fill(TICKETS)
    random, _ = chaos_random()
    for view in distinct_views(EXPORTS, TICKETS, random):
        arena.request(view)
    ran = subprocess.run(
        [sys.executable, "-m", forked_workers.__name__],
        env={**arena.with_lease(60).environment(), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    end = EndState.of(arena)
    assert len(end.jobs) == EXPORTS
    end.require_whole()
    assert end.lost_attempts == 0
