from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NOW, VIEW, HelpDesk, raising, read_all
from ticket_export.errors import ExportExpiredError, ExportNotFoundError, ExportNotReadyError, ObjectNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from ticket_export import ExportJob

RETENTION = timedelta(hours=72)


def completed(desk: HelpDesk) -> UUID:
    desk.fill(2)
    job_id = desk.request_export(desk.user(), VIEW).id
    desk.run_export(job_id)
    desk.audit_log.entries.clear()
    return job_id


def test_download_is_the_file(desk: HelpDesk) -> None:
    job_id = completed(desk)
    download = desk.open_download(desk.user(admin=True), job_id)
    (data,) = desk.storage.objects.values()
    assert read_all(download.stream) == data
    assert (download.file_name, download.content_type) == ("tickets-20260301T120000Z.csv", "text/csv; charset=utf-8")
    assert download.length == len(data)


def test_download_is_audited_before_a_byte_is_handed_out(desk: HelpDesk) -> None:
    job_id, actor = completed(desk), desk.user(admin=True)
    desk.clock.advance(timedelta(hours=1))
    desk.open_download(actor, job_id)
    (entry,) = desk.audit_log.entries
    assert (entry.action, entry.job_id, entry.actor_id) == ("downloaded", job_id, actor.user_id)
    assert (entry.at, entry.row_count, entry.view) == (NOW + timedelta(hours=1), 2, "columns id, title")


def test_download_that_cannot_be_audited_is_not_given(desk: HelpDesk) -> None:
    job_id = completed(desk)
    desk.happen["audit.downloaded"] = raising(ConnectionError("the audit log is gone"))
    with pytest.raises(ConnectionError):
        desk.open_download(desk.user(admin=True), job_id)


def test_missing_export_is_not_found(desk: HelpDesk) -> None:
    with pytest.raises(ExportNotFoundError):
        desk.open_download(desk.user(admin=True), uuid4())


def test_last_moment_before_the_expiry_is_in_time(desk: HelpDesk) -> None:
    job_id = completed(desk)
    desk.clock.set(NOW + RETENTION - timedelta(microseconds=1))
    assert read_all(desk.open_download(desk.user(admin=True), job_id).stream)


@pytest.mark.parametrize("cleaned_up", [False, True])
def test_expired_export_has_no_file_cleaned_up_or_not(desk: HelpDesk, cleaned_up: bool) -> None:
    job_id = completed(desk)
    desk.clock.set(NOW + RETENTION)
    if cleaned_up:
        job = attrs.evolve(desk.job(job_id))
        job.clean_up(desk.clock.now())
        desk.change(job)
        desk.storage.objects.clear()
    with pytest.raises(ExportExpiredError, match="2026-03-04T12:00:00"):
        desk.open_download(desk.user(admin=True), job_id)
    assert desk.audit_log.entries == []


def test_cleaned_up_export_is_expired_whatever_the_clock_says(desk: HelpDesk) -> None:
    job_id = completed(desk)
    job = attrs.evolve(desk.job(job_id))
    job.clean_up(job.expires_at)
    desk.change(job)
    with pytest.raises(ExportExpiredError):
        desk.open_download(desk.user(admin=True), job_id)


def _queued(_job: ExportJob) -> None:
    pass


def _running(job: ExportJob) -> None:
    job.start(NOW)


def _failed(job: ExportJob) -> None:
    job.fail("The storage is full.", NOW)


@pytest.mark.parametrize(
    ("state", "said"),
    [(_queued, "it is queued"), (_running, "it is running"), (_failed, "it is failed: The storage is full.")],
)
def test_export_without_a_file_says_why(desk: HelpDesk, state: Callable[[ExportJob], None], said: str) -> None:
    job_id = desk.request_export(desk.user(), VIEW).id
    desk.audit_log.entries.clear()
    state(desk.job(job_id))
    with pytest.raises(ExportNotReadyError) as caught:
        desk.open_download(desk.user(admin=True), job_id)
    assert str(caught.value) == f"export {job_id} has no file: {said}"
    assert desk.audit_log.entries == []


def test_completed_export_whose_media_item_the_host_removed_has_no_file(desk: HelpDesk) -> None:
    job_id = completed(desk)
    media_item_id = desk.job(job_id).media_item_id
    assert media_item_id is not None
    with desk.unit_of_work() as work:
        work.media_items.remove(media_item_id)
        work.commit()
    with pytest.raises(ExportNotReadyError, match="it is completed"):
        desk.open_download(desk.user(admin=True), job_id)


def test_file_that_vanished_from_the_storage_is_noticed_when_it_is_opened(desk: HelpDesk) -> None:
    job_id = completed(desk)
    desk.storage.objects.clear()
    download = desk.open_download(desk.user(admin=True), job_id)
    with pytest.raises(ObjectNotFoundError):
        read_all(download.stream)
