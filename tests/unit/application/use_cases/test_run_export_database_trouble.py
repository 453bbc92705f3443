"""The database of jobs fails in the middle of an attempt: the export is not failed for it, but made later."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.unit.application.use_cases.help_desk import NAME, PREFIX, HelpDesk, once, raising
from ticket_export.application.use_cases.recover_stalled_exports import Recovery
from ticket_export.errors import JobDatabaseError, StorageError
from ticket_export.infrastructure.memory.ticket_source import BLOCK_ROWS

GONE = JobDatabaseError("the database cannot be reached")


@pytest.fixture
def job_id(desk: HelpDesk) -> UUID:
    desk.fill(BLOCK_ROWS + 1)
    return desk.requested().id


def claim_the_next_attempt_makes_it(desk: HelpDesk, job_id: UUID, *, left: list[str]) -> None:
    assert (desk.job(job_id).status.developer_name, desk.task(job_id).status) == ("running", "processing")
    assert list(desk.files) == left
    assert desk.announced(job_id) == []
    desk.happen.clear()
    assert desk.recover_stalled_exports() == Recovery()
    desk.clock.advance(desk.lease)
    assert desk.recover_stalled_exports() == Recovery(requeued=1)
    assert desk.task(job_id).number_of_retries == 1
    answer = desk.run_next_export().job
    assert answer is not None
    assert (answer.id, answer.status, answer.row_count) == (job_id, "completed", BLOCK_ROWS + 1)
    assert desk.announced(job_id) == ["completed"]
    desk.sweep_orphaned_objects()
    assert list(desk.files) == [f"{PREFIX}{job_id}/2/{NAME}"]


@pytest.mark.parametrize("place", ["audit.started", "users.find", "source.block", "storage.provider", "work.completed"])
def test_export_waits_for_the_database_to_come_back(
    desk: HelpDesk, job_id: UUID, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.happen[place] = once(raising(GONE))
    with pytest.raises(JobDatabaseError) as caught:
        desk.run_export(job_id)
    assert caught.value is GONE
    assert f"export {job_id} waits until its lease ends" in caplog.text
    assert {vars(record)["job_id"] for record in caplog.records} == {str(job_id)}
    claim_the_next_attempt_makes_it(desk, job_id, left=[])


def test_file_is_left_to_the_sweep_while_the_database_cannot_say_whose_it_is(desk: HelpDesk, job_id: UUID) -> None:
    def go_away() -> None:
        desk.happen["work.enter"] = raising(GONE)
        raise GONE

    desk.happen["work.completed"] = go_away
    with pytest.raises(JobDatabaseError):
        desk.run_export(job_id)
    left = list(desk.files)
    assert len(left) == 1
    claim_the_next_attempt_makes_it(desk, job_id, left=left)


def test_completion_whose_answer_was_lost_is_one(desk: HelpDesk, job_id: UUID) -> None:
    desk.happen["work.completed.committed"] = raising(GONE)
    answer = desk.run_export(job_id)
    assert answer.status == "completed"
    assert list(desk.files) == [f"{PREFIX}{job_id}/1/{NAME}"]


def test_failure_that_the_database_does_not_take_is_made_an_attempt_more(desk: HelpDesk, job_id: UUID) -> None:
    desk.happen |= {"storage.write": raising(StorageError("The storage is full.")), "work.failed": raising(GONE)}
    with pytest.raises(JobDatabaseError):
        desk.run_export(job_id)
    claim_the_next_attempt_makes_it(desk, job_id, left=[])


def test_trouble_in_every_attempt_fails_the_export_in_the_end(desk: HelpDesk, job_id: UUID) -> None:
    desk.happen["users.find"] = raising(GONE)
    for _ in range(desk.max_attempts):
        with pytest.raises(JobDatabaseError):
            desk.run_next_export()
        desk.clock.advance(desk.lease)
        desk.recover_stalled_exports()
    assert desk.job(job_id).status.developer_name == "failed"
    assert "attempts that ended without a heartbeat: 3" in (desk.job(job_id).error_message or "")
