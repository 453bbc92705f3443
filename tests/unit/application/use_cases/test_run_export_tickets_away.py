"""The tickets' database goes away in the middle of an attempt: the attempt is lost, and the export is made later."""

from __future__ import annotations

import logging
from time import monotonic
from uuid import UUID

import pytest

from tests.unit.application.use_cases.help_desk import NAME, PREFIX, HelpDesk, once, raising
from ticket_export.application.run.run_outcome import RunResult
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.use_cases.recover_stalled_exports import Recovery
from ticket_export.errors import JobDatabaseError, LeaseLostError, TicketsUnavailableError
from ticket_export.infrastructure.memory.ticket_source import BLOCK_ROWS
from ticket_export.ports import BackgroundTaskStatus

AWAY = TicketsUnavailableError("Their database was away.")
PLACES = ["source.open", "source.count", "source.block", "source.close"]
GIVEN_UP = "The export was given up; attempts that were lost: 3. Their database was away."


@pytest.fixture
def job_id(desk: HelpDesk) -> UUID:
    desk.fill(BLOCK_ROWS + 1)
    return desk.requested().id


@pytest.mark.parametrize("place", PLACES)
def test_export_waits_again_at_once_and_the_attempt_counts(desk: HelpDesk, job_id: UUID, place: str) -> None:
    desk.happen[place] = once(raising(AWAY))
    with pytest.raises(TicketsUnavailableError) as caught:
        desk.run_export(job_id)
    assert caught.value is AWAY
    job, task = desk.job(job_id), desk.task(job_id)
    assert (job.status.developer_name, job.progress_stage, job.progress_percent) == ("queued", "Queued", None)
    assert (task.status, task.number_of_retries, task.leased_by, task.leased_until) == ("enqueued", 1, None, None)
    assert desk.stored == {}
    # Nothing has ended, so that nobody hears of an end.
    assert (desk.audited(job_id), desk.announced(job_id)) == (["requested", "started"], [])
    assert desk.recover_stalled_exports() == Recovery()
    answer = desk.run_next_export().job
    assert answer is not None
    assert (answer.id, answer.status, answer.row_count) == (job_id, "completed", BLOCK_ROWS + 1)
    assert list(desk.files) == [f"{PREFIX}{job_id}/2/{NAME}"]


@pytest.mark.parametrize("place", PLACES)
def test_export_fails_when_its_attempts_are_used_up(desk: HelpDesk, job_id: UUID, place: str) -> None:
    desk.happen[place] = raising(AWAY)
    for _ in range(desk.max_attempts - 1):
        outcome = desk.run_next_export()
        assert (outcome.result, outcome.job_id, type(outcome.error)) == (
            RunResult.LOST,
            job_id,
            TicketsUnavailableError,
        )
    answer = desk.run_next_export().job
    assert answer is not None
    assert (answer.id, answer.status, answer.error_message) == (job_id, "failed", GIVEN_UP)
    task = desk.task(job_id)
    assert (task.status, task.error_message, task.leased_until) == (BackgroundTaskStatus.ERROR, GIVEN_UP, None)
    assert desk.stored == {}
    assert (desk.audited(job_id)[-1], desk.announced(job_id)) == ("failed", ["failed"])
    entry = desk.audit_log.entries[-1]
    assert (entry.detail, entry.duration) == (GIVEN_UP, desk.clock.now() - desk.clock.now())
    assert desk.run_next_export().result is RunResult.NOTHING


def test_attempts_that_were_lost_with_their_worker_count_too(desk: HelpDesk, job_id: UUID) -> None:
    for _ in range(desk.max_attempts - 1):
        desk.claims.claim(job_id)
        desk.clock.advance(desk.lease)
        assert desk.recover_stalled_exports() == Recovery(requeued=1)
    desk.happen["source.count"] = raising(AWAY)
    assert desk.run_export(job_id).error_message == GIVEN_UP


def test_attempts_that_were_lost_with_their_tickets_count_for_a_worker_that_vanishes(
    desk: HelpDesk, job_id: UUID
) -> None:
    desk.happen["source.count"] = raising(AWAY)
    for _ in range(desk.max_attempts - 1):
        outcome = desk.run_next_export()
        assert (outcome.result, outcome.job_id, type(outcome.error)) == (
            RunResult.LOST,
            job_id,
            TicketsUnavailableError,
        )
    desk.claims.claim(job_id)
    desk.clock.advance(desk.lease)
    assert desk.recover_stalled_exports() == Recovery(given_up=1)


def test_log_has_the_cause_under_the_job(desk: HelpDesk, job_id: UUID, caplog: pytest.LogCaptureFixture) -> None:
    error = TicketsUnavailableError("Their database was away.")
    error.__cause__ = ConnectionResetError("server closed the connection")
    desk.happen["source.block"] = raising(error)
    with pytest.raises(TicketsUnavailableError):
        desk.run_export(job_id)
    (record,) = caplog.records
    assert record.getMessage() == f"export {job_id}: attempt 1 is lost: Their database was away."
    assert (record.levelno, vars(record)["job_id"]) == (logging.WARNING, str(job_id))
    assert "server closed the connection" in caplog.text


def test_export_waits_for_its_lease_where_the_loss_cannot_be_stored(
    desk: HelpDesk, job_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    gone = JobDatabaseError("the database cannot be reached")
    desk.happen |= {"source.block": raising(AWAY), "work.queued": raising(gone)}
    with pytest.raises(JobDatabaseError) as caught:
        desk.run_export(job_id)
    assert caught.value is gone
    assert f"the end of export {job_id} could not be stored" in caplog.text
    assert (desk.job(job_id).status.developer_name, desk.task(job_id).number_of_retries) == ("running", 0)
    assert desk.stored == {}
    desk.happen.clear()
    desk.clock.advance(desk.lease)
    assert desk.recover_stalled_exports() == Recovery(requeued=1)


@pytest.mark.parametrize("by", ["another", "a user"])
def test_attempt_that_had_lost_its_job_changes_nothing(desk: HelpDesk, by: str) -> None:
    actor = desk.user()
    job_id = desk.requested(actor).id

    def lose_it() -> None:
        if by == "another":
            desk.take_over(job_id)
        else:
            desk.cancel_export(actor, job_id)
        before.append(desk.database.committed)
        raise AWAY

    before: list[object] = []
    desk.happen["source.count"] = lose_it
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    assert desk.database.committed == before[0]
    assert desk.audited(job_id)[:2] == ["requested", "started"]


def test_export_of_a_worker_that_stops_is_handed_back_and_not_lost(desk: HelpDesk, job_id: UUID) -> None:
    stop = StopSignal()

    def stop_then_lose() -> None:
        stop.give()
        deadline = monotonic() + 60
        while desk.job(job_id).status.developer_name != "queued":
            assert monotonic() < deadline
        raise AWAY

    desk.happen["source.count"] = stop_then_lose
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id, stop=stop)
    assert desk.task(job_id).number_of_retries == 0
