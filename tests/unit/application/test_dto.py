from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import attrs
import pytest
from pydantic import ValidationError

from ticket_export import ExportJobDto, ExportPage, RequestedExportDto
from ticket_export.ports import BackgroundTask, ExportJob, MediaItem, User

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=90)

VIEW = '{"columns":["id","title"],"filters":[{"field":"status","operator":"eq","value":"open"}],"searchTerm":"vpn"}'
REQUESTER = User(id=UUID(int=1), first_name="Zoë", last_name="O'Hara", email_address="zoe@example.test")


@pytest.fixture
def job() -> ExportJob:
    return ExportJob.request(
        requester_user_id=UUID(int=1),
        snapshot_payload_json=VIEW,
        background_task=BackgroundTask(name="export", creation_time=NOW),
        now=NOW,
    )


def complete(job: ExportJob) -> ExportJob:
    media_item = MediaItem(
        length=42,
        file_name="tickets.csv",
        content_type="text/csv",
        file_storage_provider="memory",
        object_key="exports/1/1/tickets.csv",
        creation_time=LATER,
    )
    job.start(NOW)
    job.complete(row_count=7, media_item=media_item, now=LATER)
    return job


def test_json_has_the_fields_of_the_design_in_camel_case(job: ExportJob) -> None:
    job.requester = REQUESTER
    assert json.loads(ExportJobDto.of(complete(job)).model_dump_json()) == {
        "id": str(job.id),
        "requesterUserId": str(UUID(int=1)),
        "requesterName": "Zoë O'Hara",
        "view": "columns id, title; status eq 'open'; search 'vpn'",
        "status": "completed",
        "progressStage": "Uploading",
        "progressPercent": 100,
        "rowCount": 7,
        "errorMessage": None,
        "requestedAt": "2026-03-01T12:00:00Z",
        "completedAt": "2026-03-01T12:01:30Z",
        "expiresAt": "2026-03-04T12:00:00Z",
        "isCleanedUp": False,
        "fileName": "tickets.csv",
        "length": 42,
    }


@pytest.mark.parametrize(
    ("requester", "name"),
    [
        (REQUESTER, "Zoë O'Hara"),
        (attrs.evolve(REQUESTER, last_name=""), "Zoë"),
        (attrs.evolve(REQUESTER, first_name="", last_name=""), None),
        (None, None),
    ],
)
def test_requester_is_named_where_the_name_is_known(job: ExportJob, requester: User | None, name: str | None) -> None:
    job.requester = requester
    assert (ExportJobDto.of(job).requester_name, ExportJobDto.of(job).requester_user_id) == (name, UUID(int=1))


def test_view_that_cannot_be_read_is_named_as_such(job: ExportJob) -> None:
    assert ExportJobDto.of(attrs.evolve(job, snapshot_payload_json="?")).view == "a view that cannot be read"


@pytest.mark.parametrize("already_requested", [True, False])
def test_answer_to_a_request_has_one_field_more(job: ExportJob, already_requested: bool) -> None:
    answer = RequestedExportDto.of_request(complete(job), already_requested=already_requested)
    shown = json.loads(ExportJobDto.of(job).model_dump_json())
    assert json.loads(answer.model_dump_json()) == {**shown, "alreadyRequested": already_requested}
    assert (answer.requested_at, answer.completed_at, answer.length) == (NOW, LATER, 42)


def test_json_reads_back_as_the_same(job: ExportJob) -> None:
    dto = ExportJobDto.of(complete(job))
    assert ExportJobDto.model_validate_json(dto.model_dump_json()) == dto


def test_queued_job_has_neither_file_nor_end(job: ExportJob) -> None:
    dto = ExportJobDto.of(job)
    assert (dto.status, dto.progress_stage) == ("queued", "Queued")
    assert (dto.row_count, dto.completed_at, dto.file_name, dto.length, dto.error_message) == (None,) * 5


def test_failed_job_shows_its_message(job: ExportJob) -> None:
    job.fail("The storage is full.", LATER)
    assert (ExportJobDto.of(job).status, ExportJobDto.of(job).error_message) == ("failed", "The storage is full.")


def test_cleaned_up_job_has_no_file(job: ExportJob) -> None:
    complete(job).clean_up(job.expires_at)
    dto = ExportJobDto.of(job)
    assert (dto.is_cleaned_up, dto.file_name, dto.length) == (True, None, None)


def test_page_holds_its_jobs_in_order(job: ExportJob) -> None:
    page = ExportPage(items=(ExportJobDto.of(job),) * 2, page=2, page_size=2, total=9)
    assert page.items == (ExportJobDto.of(job),) * 2
    assert json.loads(page.model_dump_json()).keys() == {"items", "page", "pageSize", "total"}


def test_an_export_without_details_tells_nothing_of_the_tickets(job: ExportJob) -> None:
    complete(job)
    whole, bare = ExportJobDto.of(job), ExportJobDto.of(job).without_details()
    assert (bare.view, bare.row_count, bare.file_name, bare.length) == ("a view of another user", None, None, None)
    hidden = {"view", "row_count", "file_name", "length"}
    assert bare.model_dump(by_alias=False, exclude=hidden) == whole.model_dump(by_alias=False, exclude=hidden)


@pytest.mark.parametrize(
    ("message", "shown"),
    [("The view no longer fits: unknown column 'salary'", "The export failed."), ("Cancelled", "Cancelled")],
)
def test_the_message_of_an_export_without_details_is_one_of_two(job: ExportJob, message: str, shown: str) -> None:
    job.fail(message, LATER)
    assert ExportJobDto.of(job).without_details().error_message == shown


def test_answers_do_not_change(job: ExportJob) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ExportJobDto.of(job).status = "completed"  # type: ignore[misc]
