"""The storage goes away in the middle of an attempt: the attempt is lost, and nobody waits for it any longer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from uuid import UUID

import pytest

from tests.unit.application.use_cases.blocked_export import PATIENCE
from tests.unit.application.use_cases.help_desk import HelpDesk, once, raising
from ticket_export import Actor
from ticket_export.application.run.run_outcome import RunResult
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.use_cases.recover_stalled_exports import Recovery
from ticket_export.errors import LeaseLostError, StorageError, StorageUnavailableError
from ticket_export.infrastructure.memory.ticket_source import BLOCK_ROWS

AWAY = StorageUnavailableError("the file could not be written: the storage cannot be reached")
PLACES = ["storage.open", "storage.write", "storage.publish", "manifest.open", "manifest.publish"]
GIVEN_UP = (
    "The export was given up; attempts that were lost: 3. The file could not be written: the storage cannot be reached"
)


@pytest.fixture
def actor(desk: HelpDesk) -> Actor:
    return desk.user()


@pytest.fixture
def job_id(desk: HelpDesk, actor: Actor) -> UUID:
    desk.fill(BLOCK_ROWS + 1)
    return desk.requested(actor).id


@pytest.mark.parametrize("place", PLACES)
def test_export_waits_again_at_once_and_the_attempt_counts(desk: HelpDesk, job_id: UUID, place: str) -> None:
    desk.happen[place] = once(raising(AWAY))
    with pytest.raises(StorageUnavailableError) as caught:
        desk.run_export(job_id)
    assert caught.value is AWAY
    job, task = desk.job(job_id), desk.task(job_id)
    assert (job.status.developer_name, job.progress_stage, job.progress_percent) == ("queued", "Queued", None)
    assert (task.status, task.number_of_retries, task.leased_by, task.leased_until) == ("enqueued", 1, None, None)
    assert desk.stored == {}
    assert (desk.audited(job_id), desk.announced(job_id)) == (["requested", "started"], [])
    assert desk.recover_stalled_exports() == Recovery()
    answer = desk.run_next_export().job
    assert answer is not None
    assert (answer.id, answer.status, answer.row_count) == (job_id, "completed", BLOCK_ROWS + 1)


@pytest.mark.parametrize("place", PLACES)
def test_export_fails_when_its_attempts_are_used_up(desk: HelpDesk, job_id: UUID, place: str) -> None:
    desk.happen[place] = raising(AWAY)
    for _ in range(desk.max_attempts - 1):
        outcome = desk.run_next_export()
        assert (outcome.result, outcome.job_id, type(outcome.error)) == (
            RunResult.LOST,
            job_id,
            StorageUnavailableError,
        )
    answer = desk.run_next_export().job
    assert answer is not None
    assert (answer.id, answer.status, answer.error_message) == (job_id, "failed", GIVEN_UP)
    assert desk.stored == {}
    assert (desk.audited(job_id)[-1], desk.announced(job_id)) == ("failed", ["failed"])


def test_storage_that_refuses_fails_the_export_at_once(desk: HelpDesk, job_id: UUID) -> None:
    desk.happen["storage.publish"] = raising(StorageError("the storage refuses access"))
    assert desk.run_export(job_id).status == "failed"


@pytest.mark.parametrize("place", ["storage.write", "storage.publish", "manifest.publish"])
@pytest.mark.parametrize("by", ["a user", "the worker"])
def test_upload_that_waits_is_interrupted_when_the_job_is_lost(
    desk: HelpDesk, actor: Actor, job_id: UUID, place: str, by: str
) -> None:
    stop = StopSignal()

    def lose_it() -> None:
        if by == "a user":
            desk.cancel_export(actor, job_id)
            desk.clock.advance(timedelta(seconds=1))
        else:
            stop.give()

    desk.happen |= waiting(place, meanwhile=lose_it)
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id, stop=stop)
    assert desk.stored == {}
    assert desk.task(job_id).number_of_retries == 0


def test_upload_that_takes_nothing_is_interrupted_when_the_patience_is_over(desk: HelpDesk) -> None:
    desk.fill(10 * BLOCK_ROWS)
    desk.storage_patience = timedelta(seconds=0.2)
    job_id = desk.requested().id
    desk.happen |= waiting("storage.write", meanwhile=lambda: None)
    with pytest.raises(StorageUnavailableError, match=r"^The storage accepted no data for 0\.2 s\.$"):
        desk.run_export(job_id)
    assert desk.task(job_id).number_of_retries == 1
    assert desk.stored == {}


def test_interrupt_before_the_storage_has_opened_a_writer_is_repeated(
    desk: HelpDesk, actor: Actor, job_id: UUID
) -> None:
    def lose_it() -> None:
        desk.cancel_export(actor, job_id)
        desk.clock.advance(timedelta(seconds=1))
        # Until the heartbeat has noticed, and has nothing to interrupt.
        Event().wait(1)

    desk.happen |= {**waiting("storage.publish", meanwhile=lambda: None), "storage.open": lose_it}
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    assert desk.stored == {}


def waiting(place: str, *, meanwhile: Callable[[], object]) -> dict[str, Callable[[], object]]:
    """Let the writer call `meanwhile` at that place and then wait until it is interrupted."""
    interrupted = Event()

    def wait() -> None:
        meanwhile()
        assert interrupted.wait(PATIENCE), "nobody interrupted the upload"
        raise StorageUnavailableError("the file could not be written: its upload was interrupted")

    return {place: wait, "storage.interrupt": interrupted.set}
