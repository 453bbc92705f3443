from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import attrs
import pytest

from tests.unit.domain.moments import ELSEWHERE, LATER, NAIVE, NOW
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import RETENTION, ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.domain.user import User
from ticket_export.errors import InvalidTransitionError

REQUESTER = uuid4()
CANCELLER = uuid4()
EXPIRY = NOW + timedelta(hours=72)
FILE = MediaItem(
    creation_time=LATER,
    length=1,
    file_name="tickets.csv",
    content_type="text/csv",
    file_storage_provider="file",
    object_key="exports/1/1/tickets.csv",
)
TIMES = ["requested_at", "completed_at", "expires_at", "creation_time", "last_modification_time"]


def queued() -> ExportJob:
    task = BackgroundTask(name="export", creation_time=NOW)
    return ExportJob.request(
        requester_user_id=REQUESTER, snapshot_payload_json='{"columns":["id"]}', background_task=task, now=NOW
    )


def running() -> ExportJob:
    job = queued()
    job.start(NOW)
    return job


def completed() -> ExportJob:
    job = running()
    job.complete(row_count=7, media_item=FILE, now=NOW)
    return job


def failed() -> ExportJob:
    job = running()
    job.fail("no", NOW)
    return job


def cancelled() -> ExportJob:
    job = running()
    job.cancel(NOW, by=CANCELLER)
    return job


def handed_back() -> ExportJob:
    job = running()
    job.report_progress(ProgressStage.EXPORTING, 40, NOW)
    job.hand_back(NOW)
    return job


def cleaned_up() -> ExportJob:
    job = completed()
    job.clean_up(EXPIRY)
    return job


State = Callable[[], ExportJob]
STATES: list[State] = [queued, handed_back, running, completed, failed, cancelled, cleaned_up]
BEHAVIOURS: dict[str, Callable[[ExportJob, datetime], object]] = {
    "start": lambda job, now: job.start(now),
    "report_progress": lambda job, now: job.report_progress(ProgressStage.COUNTING, 1, now),
    "complete": lambda job, now: job.complete(row_count=7, media_item=FILE, now=now),
    "fail": lambda job, now: job.fail("no", now),
    "hand_back": lambda job, now: job.hand_back(now),
    "cancel": lambda job, now: job.cancel(now, by=CANCELLER),
    "expire": lambda job, now: job.expire(now),
    "clean_up": lambda job, now: job.clean_up(now),
}
# What each behaviour makes of the states that it is allowed in, before the retention is over …
BEFORE_EXPIRY: dict[str, dict[State, str]] = {
    "start": {queued: "running", handed_back: "running"},
    "report_progress": {running: "running"},
    "complete": {running: "completed"},
    "fail": {queued: "failed", handed_back: "failed", running: "failed"},
    "hand_back": {running: "queued"},
    "cancel": {queued: "failed", handed_back: "failed", running: "failed"},
    "expire": {},
    "clean_up": {},
}
# … and from then on.
AFTER_EXPIRY: dict[str, dict[State, str]] = BEFORE_EXPIRY | {
    "expire": {
        queued: "failed",
        handed_back: "failed",
        running: "failed",
        completed: "completed",
        failed: "failed",
        cancelled: "failed",
        cleaned_up: "completed",
    },
    "clean_up": {completed: "completed", failed: "failed", cancelled: "failed"},
}


def snapshot(job: ExportJob) -> dict[str, object]:
    """Everything in a job, the attributes that take no part in its equality included."""
    return attrs.asdict(job, recurse=False)


def test_fields_and_defaults_are_those_of_the_seed() -> None:
    job = ExportJob(
        creation_time=NOW,
        requester_user_id=REQUESTER,
        requested_at=NOW,
        snapshot_payload_json="{}",
        expires_at=EXPIRY,
    )
    assert isinstance(job.id, UUID)
    assert snapshot(job) == {
        "id": job.id,
        "requester_user_id": REQUESTER,
        "requester": None,
        "requested_at": NOW,
        "status": ExportJobStatus.QUEUED,
        "progress_stage": None,
        "progress_percent": None,
        "row_count": None,
        "error_message": None,
        "completed_at": None,
        "snapshot_payload_json": "{}",
        "media_item_id": None,
        "media_item": None,
        "expires_at": EXPIRY,
        "is_cleaned_up": False,
        "background_task_id": None,
        "background_task": None,
        "creation_time": NOW,
        "last_modification_time": None,
        "creator_user_id": None,
        "last_modifier_user_id": None,
    }


def test_every_field_of_the_seed_that_has_no_default_is_required() -> None:
    required = {field.name for field in attrs.fields(ExportJob) if field.default is attrs.NOTHING}
    assert required == {"creation_time", "requester_user_id", "requested_at", "snapshot_payload_json", "expires_at"}


def test_a_requested_job_is_queued_with_its_task_and_expires_after_72_hours() -> None:
    job = queued()
    assert job.status == ExportJobStatus.QUEUED
    assert (job.progress_stage, job.progress_percent) == ("Queued", None)
    assert (job.requested_at, job.creation_time, job.expires_at) == (NOW, NOW, EXPIRY)
    assert (job.requester_user_id, job.creator_user_id) == (REQUESTER, REQUESTER)
    assert job.background_task is not None
    assert job.background_task_id == job.background_task.id
    assert job.snapshot_payload_json == '{"columns":["id"]}'
    assert timedelta(hours=72) == RETENTION


def test_retention_can_be_another() -> None:
    task = BackgroundTask(name="export", creation_time=NOW)
    job = ExportJob.request(
        requester_user_id=REQUESTER,
        snapshot_payload_json="{}",
        background_task=task,
        now=NOW,
        retention=timedelta(hours=1),
    )
    assert job.expires_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("moment", [NAIVE, ELSEWHERE], ids=["naive", "one hour east"])
def test_a_job_is_requested_at_an_aware_utc_time(moment: datetime) -> None:
    task = BackgroundTask(name="export", creation_time=NOW)
    with pytest.raises(ValueError, match="now must be an aware datetime in UTC"):
        ExportJob.request(requester_user_id=REQUESTER, snapshot_payload_json="{}", background_task=task, now=moment)


@pytest.mark.parametrize("field", TIMES)
def test_times_are_aware_utc(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} must be an aware datetime in UTC"):
        setattr(queued(), field, NAIVE)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
@pytest.mark.parametrize(
    ("moment", "allowed"),
    [(EXPIRY - timedelta(microseconds=1), BEFORE_EXPIRY), (EXPIRY, AFTER_EXPIRY)],
    ids=["before expiry", "at expiry"],
)
def test_lifecycle_allows_just_these_steps(
    moment: datetime, allowed: dict[str, dict[State, str]], state: State, behaviour: str
) -> None:
    job = state()
    before = snapshot(job)
    if state in allowed[behaviour]:
        BEHAVIOURS[behaviour](job, moment)
        assert str(job.status) == allowed[behaviour][state]
    else:
        with pytest.raises(InvalidTransitionError, match=f"export {job.id} cannot be .*: it is {job.status}"):
            BEHAVIOURS[behaviour](job, moment)
        assert snapshot(job) == before


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
@pytest.mark.parametrize("moment", [NAIVE, ELSEWHERE], ids=["naive", "one hour east"])
def test_a_time_that_is_not_utc_changes_nothing(state: State, behaviour: str, moment: datetime) -> None:
    job = state()
    before = snapshot(job)
    with pytest.raises((ValueError, TypeError)):
        BEHAVIOURS[behaviour](job, moment)
    assert snapshot(job) == before


@pytest.mark.parametrize(
    ("state", "behaviour", "moment"),
    [
        (queued, "start", LATER),
        (running, "report_progress", LATER),
        (running, "complete", LATER),
        (running, "fail", LATER),
        (running, "hand_back", LATER),
        (queued, "expire", EXPIRY),
        (completed, "clean_up", EXPIRY),
    ],
)
def test_every_change_is_stamped_as_the_systems(state: State, behaviour: str, moment: datetime) -> None:
    job = attrs.evolve(state(), last_modifier_user_id=REQUESTER)
    BEHAVIOURS[behaviour](job, moment)
    assert (job.last_modification_time, job.last_modifier_user_id) == (moment, None)


def test_starting_leaves_everything_else_as_it_was() -> None:
    job = queued()
    before = snapshot(job)
    job.start(LATER)
    assert snapshot(job) == before | {"status": ExportJobStatus.RUNNING, "last_modification_time": LATER}


@pytest.mark.parametrize("percent", [0, 1, 99, 100])
@pytest.mark.parametrize("stage", ProgressStage)
def test_progress_is_a_stage_and_a_percentage(stage: ProgressStage, percent: int) -> None:
    job = running()
    job.report_progress(stage, percent, LATER)
    assert (job.progress_stage, job.progress_percent) == (stage.value, percent)
    assert type(job.progress_stage) is str


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_percentage_outside_0_to_100_changes_nothing(percent: int) -> None:
    job = running()
    before = snapshot(job)
    with pytest.raises(ValueError, match=f"from 0 to 100, not {percent}"):
        job.report_progress(ProgressStage.EXPORTING, percent, LATER)
    assert snapshot(job) == before


def test_a_completed_job_has_its_rows_and_its_file() -> None:
    job = running()
    job.complete(row_count=0, media_item=FILE, now=LATER)
    assert (job.status, job.progress_percent, job.row_count) == (ExportJobStatus.COMPLETED, 100, 0)
    assert (job.media_item_id, job.media_item) == (FILE.id, FILE)
    assert (job.completed_at, job.error_message, job.is_cleaned_up) == (LATER, None, False)


def test_a_failed_job_has_a_message_and_no_file() -> None:
    job = running()
    job.report_progress(ProgressStage.EXPORTING, 40, NOW)
    job.fail("The storage is full.", LATER)
    assert (job.status, job.error_message, job.completed_at) == (ExportJobStatus.FAILED, "The storage is full.", LATER)
    assert (job.media_item_id, job.media_item, job.row_count) == (None, None, None)
    assert (job.progress_stage, job.progress_percent) == ("Exporting", 40)


@pytest.mark.parametrize("length", [999, 1_000, 1_001, 100_000])
def test_messages_are_cut_at_1000_characters_before_they_are_stored(length: int) -> None:
    job, task = running(), BackgroundTask(name="export", creation_time=NOW)
    job.fail("ä" * length, LATER)
    task.fail("ä" * length, LATER)
    kept = "ä" * length if length <= 1_000 else "ä" * 999 + "…"
    assert (job.error_message, task.error_message) == (kept, kept)


def test_a_job_that_was_handed_back_is_as_if_never_started() -> None:
    job = queued()
    before = snapshot(job)
    job.start(NOW)
    job.report_progress(ProgressStage.EXPORTING, 40, NOW)
    job.hand_back(LATER)
    assert snapshot(job) == before | {"last_modification_time": LATER}


@pytest.mark.parametrize("state", [queued, handed_back, running], ids=lambda state: state.__name__)
def test_a_cancelled_job_has_failed_with_that_message_on_behalf_of_who_cancelled_it(state: State) -> None:
    job = state()
    before = snapshot(job)
    job.cancel(LATER, by=CANCELLER)
    assert snapshot(job) == before | {
        "status": ExportJobStatus.FAILED,
        "error_message": "Cancelled",
        "completed_at": LATER,
        "last_modification_time": LATER,
        "last_modifier_user_id": CANCELLER,
    }


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_only_a_job_that_a_user_ended_is_cancelled(state: State) -> None:
    assert state().is_cancelled is (state is cancelled)


def test_a_job_that_expired_unfinished_was_not_cancelled() -> None:
    job = queued()
    job.expire(EXPIRY)
    assert not job.is_cancelled


def test_a_job_expires_at_the_very_moment() -> None:
    job = queued()
    assert not job.is_expired_at(EXPIRY - timedelta(microseconds=1))
    assert job.is_expired_at(EXPIRY)


@pytest.mark.parametrize("state", [queued, handed_back, running], ids=lambda state: state.__name__)
def test_an_unfinished_job_fails_when_it_expires(state: State) -> None:
    job = state()
    job.expire(EXPIRY)
    assert (job.status, job.completed_at) == (ExportJobStatus.FAILED, EXPIRY)
    assert job.error_message == "The export expired before it was finished."


@pytest.mark.parametrize("state", [completed, failed, cancelled, cleaned_up], ids=lambda state: state.__name__)
def test_an_ended_job_stays_as_it_is_when_it_expires(state: State) -> None:
    job = state()
    before = snapshot(job)
    job.expire(EXPIRY)
    assert snapshot(job) == before


def test_cleaning_up_takes_the_file_and_leaves_the_record() -> None:
    job = completed()
    before = snapshot(job)
    job.clean_up(EXPIRY)
    assert snapshot(job) == before | {
        "is_cleaned_up": True,
        "media_item_id": None,
        "media_item": None,
        "last_modification_time": EXPIRY,
    }


def test_what_a_repository_joins_takes_no_part_in_equality() -> None:
    job = completed()
    requester = User(id=REQUESTER, first_name="Ada", last_name="Lovelace", email_address="ada@example.test")
    assert attrs.evolve(job, requester=requester, media_item=None, background_task=None) == job
    assert attrs.evolve(job, row_count=8) != job
