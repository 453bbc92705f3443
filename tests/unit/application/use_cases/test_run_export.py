from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest

from tests.unit.application.use_cases.help_desk import NAME, NOW, PREFIX, VIEW, HelpDesk
from ticket_export import CsvFormat, ProgressStage
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.ports.file_format import FormatOptions
from ticket_export.application.run.progress import Progress
from ticket_export.errors import ExportNotFoundError, InvalidTransitionError
from ticket_export.infrastructure.memory.ticket_source import BLOCK_ROWS, InMemoryTicket
from ticket_export.ports import ExportJob


def test_completed_job_points_at_the_whole_file(desk: HelpDesk) -> None:
    desk.fill(2)
    actor = desk.user()
    job_id = desk.request_export(actor, VIEW).id
    desk.clock.advance(timedelta(minutes=1))
    answer = desk.run_export(job_id)
    job = desk.job(job_id)
    (media_item,) = desk.database.committed.media_items.values()
    key = f"{PREFIX}{job_id}/1/{NAME}"
    assert job.media_item_id == media_item.id
    assert (media_item.object_key, media_item.file_name) == (key, "tickets-20260301T120000Z.csv")
    assert (media_item.content_type, media_item.file_storage_provider) == ("text/csv; charset=utf-8", "memory")
    assert (media_item.creation_time, media_item.creator_user_id) == (NOW + timedelta(minutes=1), actor.user_id)
    assert media_item.length == len(desk.storage.objects[key])
    assert list(desk.files) == [key]
    assert (answer.status, answer.row_count, answer.progress_percent, answer.progress_stage) == (
        "completed",
        2,
        100,
        "Uploading",
    )
    assert (answer.completed_at, answer.file_name, answer.length) == (
        NOW + timedelta(minutes=1),
        media_item.file_name,
        media_item.length,
    )
    assert answer == desk.get_export(actor, job_id)
    assert (desk.task(job_id).status, desk.task(job_id).percent_complete) == ("complete", 100)


@pytest.mark.parametrize("bom", [True, False])
@pytest.mark.parametrize("formula_guard", [True, False])
def test_bytes_are_those_of_the_format(bom: bool, formula_guard: bool) -> None:
    desk = HelpDesk(
        file_formats=FileFormats(
            by_name={"csv": CsvFormat}, defaults=FormatOptions(bom=bom, formula_guard=formula_guard)
        )
    )
    desk.tickets = [InMemoryTicket(id=-5, created_at=NOW, values={"id": -5, "title": '=1+1,"x"'})]
    job = desk.run_export(desk.request_export(desk.user(), VIEW).id)
    (data,) = desk.files.values()
    mark, guard = b"\xef\xbb\xbf" if bom else b"", b"'" if formula_guard else b""
    assert data == mark + b"Ticket ID," + guard + b'=Title\n-5,"' + guard + b'=1+1,""x"""\n'
    assert job.length == len(data)


def test_view_without_tickets_gives_a_file_with_its_header(desk: HelpDesk) -> None:
    job = desk.run_export(desk.request_export(desk.user(), VIEW).id)
    assert (job.status, job.row_count, job.progress_percent) == ("completed", 0, 100)
    assert list(desk.files.values()) == [b"\xef\xbb\xbfTicket ID,'=Title\n"]


def test_tickets_are_those_of_the_moment_of_the_request(desk: HelpDesk) -> None:
    later = NOW + timedelta(seconds=1)
    made = [(1, NOW, None), (2, later, None), (3, NOW, later), (4, NOW, NOW)]
    desk.tickets = [InMemoryTicket(id=i, created_at=c, deleted_at=d, values={"id": i}) for i, c, d in made]
    job_id = desk.request_export(desk.user(), {"columns": ["id"]}).id
    desk.clock.advance(timedelta(hours=1))
    assert desk.run_export(job_id).row_count == 2
    (data,) = desk.files.values()
    assert data.splitlines()[1:] == [b"1", b"3"]


def test_listener_hears_every_stage_and_a_percentage_that_only_grows(desk: HelpDesk) -> None:
    desk.fill(3 * BLOCK_ROWS + 7)
    heard: list[Progress] = []
    job_id = desk.request_export(desk.user(), VIEW).id
    desk.run_export(job_id, on_progress=heard.append)
    total = 3 * BLOCK_ROWS + 7
    assert heard == [
        Progress(ProgressStage.COUNTING),
        *(Progress(ProgressStage.EXPORTING, rows, total) for rows in (1000, 2000, 3000, total)),
        Progress(ProgressStage.UPLOADING, total, total),
    ]
    assert [each.percent for each in heard] == [0, 33, 66, 99, 99, 99]


def stored_progress(desk: HelpDesk, step: timedelta) -> list[ExportJob]:
    """The job as anybody would have found it after each of the listener's calls, the clock moving by `step` before."""
    desk.fill(20 * BLOCK_ROWS)
    job_id = desk.request_export(desk.user(), {"columns": ["id"]}).id
    found: list[ExportJob] = []

    def look(_progress: Progress) -> None:
        found.append(desk.job(job_id))
        desk.clock.advance(step)

    desk.run_export(job_id, on_progress=look)
    return found


def test_stored_percentage_only_grows_and_stages_come_in_order(desk: HelpDesk) -> None:
    found = stored_progress(desk, timedelta(seconds=1))
    percents = [job.progress_percent or 0 for job in found]
    assert all(before <= after for before, after in pairwise(percents))
    assert percents[0] == 0
    assert percents[-1] == 99
    stages = list(dict.fromkeys(job.progress_stage for job in found))
    assert stages == ["Counting", "Exporting", "Uploading"]


def test_progress_is_written_at_most_twice_a_second(desk: HelpDesk) -> None:
    found = stored_progress(desk, timedelta(seconds=0.1))
    written = sorted({job.last_modification_time for job in found if job.last_modification_time})
    assert len(written) >= 4
    assert all(after - before >= timedelta(seconds=0.5) for before, after in pairwise(written))


def test_every_written_progress_renews_the_lease(desk: HelpDesk) -> None:
    desk.fill(2 * BLOCK_ROWS)
    job_id = desk.request_export(desk.user(), VIEW).id
    leased: list[timedelta] = []

    def look(_progress: Progress) -> None:
        leased_until = desk.task(job_id).leased_until
        assert leased_until is not None
        leased.append(leased_until - desk.clock.now())
        desk.clock.advance(timedelta(seconds=20))

    desk.run_export(job_id, on_progress=look)
    # The first report comes too soon after the claim to be written; the claim itself leased 30 s.
    assert leased == [timedelta(seconds=30)] * 4


def test_started_task_is_claimed_for_the_worker(desk: HelpDesk) -> None:
    job_id = desk.request_export(desk.user(), VIEW).id
    seen: list[tuple[str | None, int, str]] = []
    desk.happen["source.open"] = lambda: seen.append(
        (desk.task(job_id).leased_by, desk.task(job_id).fencing_token, desk.task(job_id).status)
    )
    desk.run_export(job_id)
    assert seen == [("worker", 1, "processing")]


def test_start_and_completion_are_audited(desk: HelpDesk) -> None:
    desk.fill(4)
    actor = desk.user()
    job_id = desk.request_export(actor, VIEW).id
    desk.happen["source.count"] = lambda: desk.clock.advance(timedelta(seconds=3))
    desk.run_export(job_id)
    _, started, completed = desk.audit_log.entries
    assert (started.action, started.at, started.duration, started.row_count) == ("started", NOW, None, None)
    assert (completed.action, completed.duration, completed.row_count) == ("completed", timedelta(seconds=3), 4)
    assert {entry.actor_id for entry in desk.audit_log.entries} == {actor.user_id}
    assert {entry.view for entry in desk.audit_log.entries} == {"columns id, title"}


def test_unknown_job_is_not_found(desk: HelpDesk) -> None:
    with pytest.raises(ExportNotFoundError):
        desk.run_export(uuid4())


def test_job_that_has_ended_is_not_run_again(desk: HelpDesk) -> None:
    job_id = desk.request_export(desk.user(), VIEW).id
    desk.run_export(job_id)
    before, objects = desk.database.committed, desk.stored
    with pytest.raises(InvalidTransitionError, match="it is completed"):
        desk.run_export(job_id)
    assert desk.database.committed == before
    assert desk.stored == objects


def test_job_without_a_task_is_not_run(desk: HelpDesk) -> None:
    job_id = desk.request_export(desk.user(), VIEW).id
    job = desk.job(job_id)
    job.background_task_id = None
    with pytest.raises(InvalidTransitionError, match="has no background task"):
        desk.run_export(job_id)
    assert desk.job(job_id).status.developer_name == "queued"


def test_every_attempt_writes_under_a_key_of_its_own(desk: HelpDesk) -> None:
    job_id = desk.request_export(desk.user(), VIEW).id
    # Two workers gave the task back before.
    desk.task(job_id).fencing_token = 2
    desk.run_export(job_id)
    assert list(desk.files) == [f"{PREFIX}{job_id}/3/{NAME}"]
    assert (desk.task(job_id).fencing_token, desk.task(job_id).number_of_retries) == (3, 0)
