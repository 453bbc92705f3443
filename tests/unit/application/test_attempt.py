from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NOW, VIEW, HelpDesk, raising
from ticket_export import ProgressStage
from ticket_export.application.run.attempt import PROGRESS_INTERVAL, Attempt
from ticket_export.application.run.progress import Progress
from ticket_export.errors import LeaseLostError
from ticket_export.ports import ExportJob, MediaItem

HALF = Progress(ProgressStage.EXPORTING, 1, 2)


@pytest.fixture
def desk() -> HelpDesk:
    return HelpDesk()


@pytest.fixture
def job_id(desk: HelpDesk) -> UUID:
    return desk.request_export(desk.user(), VIEW).id


def begin(desk: HelpDesk, job_id: UUID) -> Attempt:
    return desk.claims.claim(job_id)


def file(key: str = "exports/1/1/tickets.csv") -> MediaItem:
    return MediaItem(
        length=1,
        file_name="tickets.csv",
        content_type="text/csv",
        file_storage_provider="memory",
        object_key=key,
        creation_time=NOW,
    )


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
    assert task.leased_until == desk.clock.now() + desk.lease


@pytest.mark.parametrize(("lease", "heartbeat"), [(0.3, 0.1), (1.2, 0.4), (1.5, 0.5), (30, 0.5), (86_400, 0.5)])
def test_sign_of_life_is_given_three_times_a_lease_or_twice_a_second(lease: float, heartbeat: float) -> None:
    desk = HelpDesk(lease=timedelta(seconds=lease))
    attempt = begin(desk, desk.requested().id)
    assert attempt.heartbeat == timedelta(seconds=heartbeat)
    before = desk.database.committed
    desk.clock.advance(attempt.heartbeat - timedelta(microseconds=1))
    attempt.report(HALF)
    assert desk.database.committed is before
    desk.clock.advance(timedelta(microseconds=1))
    attempt.report(HALF)
    assert desk.database.committed is not before


def test_attempt_at_a_cancelled_export_says_so(desk: HelpDesk) -> None:
    actor = desk.user()
    job_id = desk.requested(actor).id
    attempt = begin(desk, job_id)
    desk.cancel_export(actor, job_id)
    with pytest.raises(LeaseLostError, match=f"^export {job_id} was cancelled$"):
        attempt.complete(file(), row_count=1, sha256="00")


def test_only_the_holder_writes(desk: HelpDesk, job_id: UUID) -> None:
    attempt = begin(desk, job_id)
    desk.take_over(job_id)
    desk.clock.advance(PROGRESS_INTERVAL)
    before = desk.database.committed
    with pytest.raises(LeaseLostError):
        attempt.report(HALF)
    with pytest.raises(LeaseLostError):
        attempt.complete(file(), row_count=1, sha256="00")
    with pytest.raises(LeaseLostError):
        attempt.fail("no")
    with pytest.raises(LeaseLostError):
        attempt.hand_back()
    with pytest.raises(LeaseLostError):
        attempt.lose("no", max_attempts=3)
    assert desk.database.committed == before


@pytest.mark.parametrize("by", [timedelta(days=-1), timedelta(microseconds=-1)])
def test_clock_that_was_set_back_does_not_silence_the_attempt(desk: HelpDesk, job_id: UUID, by: timedelta) -> None:
    attempt = begin(desk, job_id)
    desk.clock.advance(by)
    attempt.report(HALF)
    assert desk.job(job_id).progress_percent == 50


def test_progress_that_could_not_be_written_is_not_tried_again_at_once(desk: HelpDesk, job_id: UUID) -> None:
    attempt = begin(desk, job_id)
    desk.clock.advance(PROGRESS_INTERVAL)
    desk.happen["work.running"] = raising(ConnectionError("the database is gone"))
    with pytest.raises(ConnectionError):
        attempt.report(HALF)
    attempt.report(HALF)
    del desk.happen["work.running"]
    desk.clock.advance(PROGRESS_INTERVAL)
    attempt.report(HALF)
    assert desk.job(job_id).progress_percent == 50


def test_job_that_is_handed_back_waits_as_if_it_had_never_begun(desk: HelpDesk, job_id: UUID) -> None:
    attempt = begin(desk, job_id)
    desk.clock.advance(PROGRESS_INTERVAL)
    attempt.report(HALF)
    attempt.hand_back()
    job, task = desk.job(job_id), desk.task(job_id)
    assert (job.status.developer_name, job.progress_stage, job.progress_percent) == ("queued", "Queued", None)
    assert (task.status, task.status_info, task.percent_complete) == ("enqueued", None, 0)
    assert (task.leased_by, task.leased_until, task.number_of_retries, task.fencing_token) == (None, None, 0, 1)


def test_attempt_is_over_once_it_is_handed_back(desk: HelpDesk, job_id: UUID) -> None:
    attempt = begin(desk, job_id)
    attempt.hand_back()
    with pytest.raises(LeaseLostError):
        attempt.complete(file(), row_count=1, sha256="00")


def test_lease_that_ran_out_is_kept_while_nobody_else_took_it(desk: HelpDesk, job_id: UUID) -> None:
    attempt = begin(desk, job_id)
    desk.clock.advance(desk.lease * 10)
    attempt.report(HALF)
    assert desk.task(job_id).leased_until == desk.clock.now() + desk.lease


def test_completed_job_is_found_by_its_own_file_alone(desk: HelpDesk, job_id: UUID) -> None:
    attempt, media_item = begin(desk, job_id), file()
    assert attempt.find_completed(media_item.object_key) is None
    attempt.complete(media_item, row_count=1, sha256="00")
    found = attempt.find_completed(media_item.object_key)
    assert found is not None
    assert found.id == job_id
    assert attempt.find_completed("exports/1/2/tickets.csv") is None


def test_completion_that_is_being_committed_is_waited_for(desk: HelpDesk, job_id: UUID) -> None:
    attempt, media_item = begin(desk, job_id), file()
    with ThreadPoolExecutor(1) as threads:
        looking = attrs.evolve(attempt)

        def look() -> None:
            found.append(threads.submit(looking.find_completed, media_item.object_key))
            with pytest.raises(TimeoutError):
                found[0].result(timeout=0.1)

        found: list[Future[ExportJob | None]] = []
        desk.happen["work.completed"] = look
        attempt.complete(media_item, row_count=1, sha256="00")
        job = found[0].result(timeout=30)
    assert job is not None
    assert job.media_item == media_item


def test_looking_for_a_completion_changes_nothing(desk: HelpDesk, job_id: UUID) -> None:
    attempt, before = begin(desk, job_id), desk.database.committed
    assert attempt.find_completed("exports/1/1/tickets.csv") is None
    assert desk.database.committed is before


def test_job_is_found_completed_though_its_host_has_deleted_the_task(desk: HelpDesk, job_id: UUID) -> None:
    attempt, media_item = begin(desk, job_id), file()
    attempt.complete(media_item, row_count=1, sha256="00")
    desk.change(attrs.evolve(desk.job(job_id), background_task_id=None))
    assert attempt.find_completed(media_item.object_key) is not None
    desk.database.committed.tasks.clear()
    assert attempt.find_completed(media_item.object_key) is not None


def test_job_that_another_attempt_runs_is_not_found_completed(desk: HelpDesk, job_id: UUID) -> None:
    attempt = begin(desk, job_id)
    desk.take_over(job_id)
    assert attempt.find_completed("exports/1/1/tickets.csv") is None


def test_job_that_is_gone_is_not_found_completed(desk: HelpDesk, job_id: UUID) -> None:
    attempt = begin(desk, job_id)
    desk.database.committed.jobs.clear()
    assert attempt.find_completed("exports/1/1/tickets.csv") is None
