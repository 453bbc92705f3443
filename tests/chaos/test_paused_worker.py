"""A worker that is paused beyond its lease wakes up when another has taken its export over.

Claimed, wherever it was paused: it neither completes, overwrites nor deletes what the other made, removes
what it had written itself, and goes on to work well.
"""

from __future__ import annotations

from signal import SIGCONT, SIGSTOP, SIGTERM
from uuid import UUID

import pytest

from tests.chaos.arena import Arena
from tests.chaos.fault import Fault, Step
from tests.chaos.workers import WorkerProcess, Workers, wait_until
from ticket_export.testing.engines.end_state import EndState
from ticket_export.testing.engines.views import everything, first_tickets

_TICKETS = 1_200
# Paused inside of a transaction it would hold SQLite's one lock, or PostgreSQL's on the task, and nobody could take
# anything over.
_PAUSES = (Step.CLAIMED, Step.STARTED, Step.WRITING, Step.REPORTED, Step.WRITTEN, Step.SYNCED, Step.PUBLISHED)


@pytest.fixture
def job_id(arena: Arena) -> UUID:
    arena.fill(_TICKETS)
    return arena.request(everything())


@pytest.mark.parametrize("step", _PAUSES, ids=lambda step: step.name)
def test_paused_worker_leaves_the_finished_export_of_another_alone(
    step: Step, arena: Arena, workers: Workers, job_id: UUID
) -> None:
    paused = _paused(arena, workers, step)
    second = workers.start(arena.with_lease(600))
    wait_until(lambda: arena.show(job_id).status == "completed", "the second worker has finished the export")
    second.signal(SIGTERM)
    assert second.end() == 0
    # The file and its manifest.
    stored, keys = arena.show(job_id), _published(arena, job_id, 2, count=2)

    paused.signal(SIGCONT)
    wait_until(lambda: "no longer holds it" in paused.log.read_text("utf-8"), "the paused worker has lost the export")
    another = arena.request(first_tickets(100))
    wait_until(lambda: arena.show(another).status == "completed", "the paused worker has made another export")
    assert arena.show(job_id) == stored
    # Its own file, published or not, is gone before any sweep; the other's is still there.
    assert arena.objects_of(job_id) == keys
    assert arena.unfinished_files() == 0
    end = EndState.of(arena)
    end.require_whole()
    assert end.lost_attempts == 1


@pytest.mark.parametrize("step", [Step.WRITING, Step.PUBLISHED], ids=lambda step: step.name)
def test_paused_worker_leaves_the_running_export_of_another_alone(
    step: Step, arena: Arena, workers: Workers, job_id: UUID
) -> None:
    paused = _paused(arena, workers, step)
    # The second pauses too, with its file readable and its completion still to come; its lease outlives that.
    second = workers.start(arena.with_lease(600), faults=[Fault(Step.PUBLISHED, SIGSTOP)])
    wait_until(lambda: second.is_stopped, "the second worker is in the middle of the export")
    running = arena.show(job_id)
    assert running.status == "running"

    paused.signal(SIGCONT)
    wait_until(lambda: "no longer holds it" in paused.log.read_text("utf-8"), "the paused worker has lost the export")
    paused.signal(SIGTERM)
    assert paused.end() == 0
    assert arena.show(job_id) == running
    assert arena.objects_of(job_id) == _published(arena, job_id, 2, count=1)

    second.signal(SIGCONT)
    wait_until(lambda: arena.show(job_id).status == "completed", "the second worker has finished the export")
    end = EndState.of(arena)
    end.require_whole()
    assert end.attempts == 2


def _paused(arena: Arena, workers: Workers, step: Step) -> WorkerProcess:
    worker = workers.start(arena.settings, faults=[Fault(step, SIGSTOP)])
    wait_until(lambda: worker.is_stopped, f"the first worker is paused when {step}")
    return worker


def _published(arena: Arena, job_id: UUID, attempt: int, *, count: int) -> list[str]:
    keys = arena.objects_of(job_id, attempt)
    assert len(keys) == count
    return keys
