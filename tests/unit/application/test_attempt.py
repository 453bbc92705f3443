from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from tests.unit.application.use_cases.help_desk import NOW, VIEW, HelpDesk
from ticket_export import MediaItem, ProgressStage
from ticket_export.application.attempt import PROGRESS_INTERVAL, Attempt
from ticket_export.application.progress import Progress
from ticket_export.errors import ExportNotFoundError, InvalidTransitionError, LeaseLostError

LEASE = timedelta(seconds=30)
HALF = Progress(ProgressStage.EXPORTING, 1, 2)


@pytest.fixture
def desk() -> HelpDesk:
    return HelpDesk()


@pytest.fixture
def job_id(desk: HelpDesk) -> UUID:
    return desk.request_export(desk.user(), VIEW).id


def begin(desk: HelpDesk, job_id: UUID) -> Attempt:
    return Attempt.begin(job_id, unit_of_work=desk.unit_of_work, clock=desk.clock, worker="worker", lease=LEASE)


def file(key: str = "exports/1/1/tickets.csv") -> MediaItem:
    return MediaItem(
        length=1,
        file_name="tickets.csv",
        content_type="text/csv",
        file_storage_provider="memory",
        object_key=key,
        creation_time=NOW,
    )


def test_begin_claims_the_task_and_starts_the_job(desk: HelpDesk, job_id: UUID) -> None:
    attempt = begin(desk, job_id)
    job, task = desk.job(job_id), desk.task(job_id)
    assert (attempt.token, attempt.began_at) == (1, NOW)
    assert (job.status.developer_name, job.progress_stage, job.progress_percent) == ("running", "Counting", 0)
    assert (task.status, task.leased_by, task.leased_until) == ("processing", "worker", NOW + LEASE)


def test_what_cannot_begin_changes_nothing(desk: HelpDesk, job_id: UUID) -> None:
    with pytest.raises(ExportNotFoundError):
        begin(desk, uuid4())
    begin(desk, job_id)
    before = desk.database.committed
    with pytest.raises(InvalidTransitionError):
        begin(desk, job_id)
    assert desk.database.committed == before


def test_progress_within_half_a_second_is_not_written(desk: HelpDesk, job_id: UUID) -> None:
    attempt = begin(desk, job_id)
    before = desk.database.committed
    desk.clock.advance(PROGRESS_INTERVAL - timedelta(microseconds=1))
    attempt.report(HALF)
    assert desk.database.committed == before
    desk.clock.advance(timedelta(microseconds=1))
    attempt.report(HALF)
    job, task = desk.job(job_id), desk.task(job_id)
    assert (job.progress_stage, job.progress_percent) == ("Exporting", 50)
    assert (task.status_info, task.percent_complete) == ("Exporting", 50)
    assert task.leased_until == desk.clock.now() + LEASE


def test_only_the_holder_writes(desk: HelpDesk, job_id: UUID) -> None:
    attempt = begin(desk, job_id)
    desk.take_over(job_id)
    desk.clock.advance(PROGRESS_INTERVAL)
    before = desk.database.committed
    with pytest.raises(LeaseLostError):
        attempt.report(HALF)
    with pytest.raises(LeaseLostError):
        attempt.complete(file(), row_count=1)
    with pytest.raises(LeaseLostError):
        attempt.fail("no")
    assert desk.database.committed == before


def test_lease_that_ran_out_is_kept_while_nobody_else_took_it(desk: HelpDesk, job_id: UUID) -> None:
    attempt = begin(desk, job_id)
    desk.clock.advance(LEASE * 10)
    attempt.report(HALF)
    assert desk.task(job_id).leased_until == desk.clock.now() + LEASE


def test_completed_job_is_found_by_its_own_file_alone(desk: HelpDesk, job_id: UUID) -> None:
    attempt, media_item = begin(desk, job_id), file()
    assert attempt.find_completed(media_item.object_key) is None
    attempt.complete(media_item, row_count=1)
    found = attempt.find_completed(media_item.object_key)
    assert found is not None
    assert found.id == job_id
    assert attempt.find_completed("exports/1/2/tickets.csv") is None


def test_job_that_is_gone_is_not_found_completed(desk: HelpDesk, job_id: UUID) -> None:
    attempt = begin(desk, job_id)
    desk.database.committed.jobs.clear()
    assert attempt.find_completed("exports/1/1/tickets.csv") is None
