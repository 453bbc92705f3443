"""A worker that is told to stop hands its export back, and nothing is lost."""

from __future__ import annotations

from threading import Event
from uuid import UUID

import pytest

from tests.unit.application.use_cases.blocked_export import PATIENCE, block_count
from tests.unit.application.use_cases.help_desk import NAME, PREFIX, HelpDesk, once, raising
from ticket_export import StopSignal
from ticket_export.application.use_cases.recover_stalled_exports import Recovery
from ticket_export.errors import LeaseLostError
from ticket_export.infrastructure.memory.ticket_source import BLOCK_ROWS


@pytest.fixture
def job_id(desk: HelpDesk) -> UUID:
    desk.fill(BLOCK_ROWS + 1)
    return desk.requested().id


def claim_waits_again(desk: HelpDesk, job_id: UUID) -> None:
    job, task = desk.job(job_id), desk.task(job_id)
    assert (job.status.developer_name, job.progress_stage, job.progress_percent) == ("queued", "Queued", None)
    assert (job.error_message, job.completed_at, job.media_item_id) == (None, None, None)
    assert (task.status, task.leased_by, task.leased_until) == ("enqueued", None, None)
    assert task.number_of_retries == 0
    assert desk.stored == {}
    assert desk.database.committed.media_items == {}
    assert desk.announced(job_id) == []
    # The next worker begins anew, and at once.
    desk.happen.clear()
    answer = desk.run_next_export().job
    assert answer is not None
    assert (answer.id, answer.status, answer.row_count) == (job_id, "completed", BLOCK_ROWS + 1)
    assert list(desk.files) == [f"{PREFIX}{job_id}/2/{NAME}"]
    assert desk.audited(job_id) == ["requested", "started", "started", "completed"]


@pytest.mark.parametrize(
    "place",
    [
        "audit.started",
        "users.find",
        "source.open",
        "source.count",
        "source.block",
        "storage.write",
        "source.close",
        "storage.publish",
    ],
)
def test_export_is_handed_back_wherever_it_is(desk: HelpDesk, job_id: UUID, place: str) -> None:
    stop, handed_back = StopSignal(), Event()

    def happen() -> None:
        stop.give()
        assert handed_back.wait(PATIENCE)

    desk.happen |= {place: once(happen), "work.queued.committed": handed_back.set}
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id, stop=stop)
    claim_waits_again(desk, job_id)


@pytest.mark.parametrize("place", ["audit.started", "users.find"])
def test_export_that_is_handed_back_before_it_reads_reads_nothing(desk: HelpDesk, job_id: UUID, place: str) -> None:
    stop, handed_back, opened = StopSignal(), Event(), Event()

    def happen() -> None:
        stop.give()
        assert handed_back.wait(PATIENCE)

    desk.happen |= {place: happen, "work.queued.committed": handed_back.set, "source.open": opened.set}
    with pytest.raises(LeaseLostError, match="is back in the queue"):
        desk.run_export(job_id, stop=stop)
    assert not opened.is_set()


def test_signal_that_was_given_before_hands_back_too(desk: HelpDesk, job_id: UUID) -> None:
    stop = StopSignal()
    stop.give()
    block_count(desk, meanwhile=lambda: None)
    with pytest.raises(LeaseLostError, match="is back in the queue"):
        desk.run_export(job_id, stop=stop)
    claim_waits_again(desk, job_id)


def test_long_query_is_interrupted(desk: HelpDesk, job_id: UUID) -> None:
    stop = StopSignal()
    interrupted = block_count(desk, meanwhile=stop.give)
    with pytest.raises(LeaseLostError, match=f"the worker stops; export {job_id} is back in the queue"):
        desk.run_export(job_id, stop=stop)
    assert interrupted.is_set()
    claim_waits_again(desk, job_id)


def test_export_whose_file_is_published_is_completed_all_the_same(desk: HelpDesk, job_id: UUID) -> None:
    stop = StopSignal()
    desk.happen["work.completed"] = stop.give
    assert desk.run_export(job_id, stop=stop).status == "completed"
    assert desk.task(job_id).status == "complete"


def test_export_that_cannot_be_handed_back_stops_and_waits_for_its_lease_to_end(
    desk: HelpDesk, job_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    stop = StopSignal()
    block_count(desk, meanwhile=stop.give)
    desk.happen["work.queued"] = raising(ConnectionError("the database is gone"))
    with pytest.raises(LeaseLostError, match="waits until its lease ends"):
        desk.run_export(job_id, stop=stop)
    assert f"export {job_id} could not be handed back" in caplog.text
    assert {vars(record)["job_id"] for record in caplog.records} == {str(job_id)}
    assert desk.stored == {}
    assert desk.job(job_id).status.developer_name == "running"
    del desk.happen["work.queued"]
    desk.clock.advance(desk.lease)
    assert desk.recover_stalled_exports() == Recovery(requeued=1)


def test_export_that_was_cancelled_at_the_same_moment_stays_cancelled(desk: HelpDesk) -> None:
    actor, stop = desk.user(), StopSignal()
    job_id = desk.requested(actor).id

    def cancel_and_stop() -> None:
        desk.cancel_export(actor, job_id)
        stop.give()

    block_count(desk, meanwhile=cancel_and_stop)
    with pytest.raises(LeaseLostError, match=f"export {job_id} was cancelled"):
        desk.run_export(job_id, stop=stop)
    assert desk.job(job_id).is_cancelled
    assert desk.task(job_id).status == "error"
