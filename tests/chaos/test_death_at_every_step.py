"""A worker dies by SIGKILL at a chosen step of an export; the next one finishes it as if nothing had been.

Claimed for every step, upload and commit included, one process each: the job is Completed with exactly
the right bytes, one media item and one object; no object is without a row; nothing ran to completion
twice; nothing is Running; and the lost attempt is counted, unless it was over already.
"""

from __future__ import annotations

from signal import SIGKILL, SIGTERM
from uuid import UUID

import pytest

from tests.chaos.arena import Arena
from tests.chaos.fault import Fault, Step
from tests.chaos.workers import Workers, wait_until
from ticket_export.testing.engines.end_state import EndState
from ticket_export.testing.engines.views import everything

_TICKETS = 1_200
# Seconds. Nobody waits for it, so that a busy machine can be as slow as it likes.
_NEVER_OVER = 600
_RECOVERY = (Step.HANDING_BACK, Step.HANDED_BACK)
# Killed there, an attempt has not begun, or is over.
_NOTHING_LOST = {Step.CLAIMING, Step.COMPLETED}
# The header is a block; the second sync is that of a folder, once the file has its name.
_TWICE = [(Step.WRITING, 2), (Step.SYNCED, 2), (Step.REPORTED, 2)]
_DEATHS = [(step, 1) for step in Step if step not in _RECOVERY] + _TWICE
_KILLED_WHILE_WRITING = Fault(Step.WRITING)


def _name(value: object) -> str:
    return value.name if isinstance(value, Step) else str(value)


@pytest.fixture
def job_id(arena: Arena) -> UUID:
    arena.fill(_TICKETS)
    return arena.request(everything())


@pytest.mark.parametrize(("step", "nth"), _DEATHS, ids=_name)
def test_export_outlives_a_worker_that_dies_as_soon_as(
    step: Step, nth: int, arena: Arena, workers: Workers, job_id: UUID
) -> None:
    _die(arena, workers, job_id, Fault(step, SIGKILL, nth))
    assert _finish(arena, workers).lost_attempts == (0 if step in _NOTHING_LOST else 1)


@pytest.mark.parametrize("step", _RECOVERY, ids=_name)
def test_export_outlives_a_worker_that_dies_while_it_recovers_the_export_of_another(
    step: Step, arena: Arena, workers: Workers, job_id: UUID
) -> None:
    _die(arena, workers, job_id, _KILLED_WHILE_WRITING)
    _die(arena, workers, job_id, Fault(step))
    assert _finish(arena, workers).lost_attempts == 1


@pytest.mark.parametrize("step", _RECOVERY, ids=_name)
def test_export_outlives_a_worker_that_dies_while_it_hands_it_back(
    step: Step, arena: Arena, workers: Workers, job_id: UUID
) -> None:
    _die(arena, workers, job_id, Fault(Step.WRITING, SIGTERM), Fault(step))
    assert _finish(arena, workers).lost_attempts == (1 if step is Step.HANDING_BACK else 0)


def _die(arena: Arena, workers: Workers, job_id: UUID, *faults: Fault) -> None:
    worker = workers.start(arena.with_lease(_NEVER_OVER), "--drain", faults=faults)
    assert worker.end() == -SIGKILL, worker.log.read_text("utf-8")
    # PostgreSQL undoes what the dead one has begun, once it has noticed.
    wait_until(lambda: not arena.connections(), "no connection of the dead worker is left")
    arena.end_lease(job_id)


def _finish(arena: Arena, workers: Workers) -> EndState:
    worker = workers.start(arena.with_lease(_NEVER_OVER), "--drain")
    assert worker.end() == 0
    end = EndState.of(arena)
    end.require_whole()
    return end
