"""Beside each file lies what proves it, and goes with it."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from hashlib import sha256
from importlib.metadata import version
from uuid import UUID

import pytest

from tests.unit.application.use_cases.help_desk import NAME, NOW, PREFIX, HelpDesk, raising
from ticket_export.application.file.export_file import manifest_key
from ticket_export.application.file.manifest import ExportManifest
from ticket_export.domain.media_item import MediaItem
from ticket_export.errors import StorageError
from ticket_export.infrastructure.compression import GzipCompression

VIEW = {"columns": ["title", "id"], "searchTerm": "ticket", "sortField": "id", "sortDirection": "desc"}


def completed(desk: HelpDesk) -> tuple[UUID, MediaItem]:
    desk.fill(3)
    job_id = desk.request_export(desk.user(), VIEW).id
    desk.clock.advance(timedelta(minutes=1))
    assert desk.run_export(job_id).status == "completed"
    return job_id, desk.media_item(job_id)


def test_manifest_says_what_was_exported(desk: HelpDesk) -> None:
    job_id, media_item = completed(desk)
    data = desk.file(job_id)
    manifest = json.loads(desk.storage.objects[f"{media_item.object_key}.manifest.json"])
    job = desk.job(job_id)
    assert manifest == {
        "jobId": str(job_id),
        "requesterUserId": str(job.requester_user_id),
        "view": json.loads(job.snapshot_payload_json),
        "columns": [{"name": "title", "label": "=Title"}, {"name": "id", "label": "Ticket ID"}],
        "asOf": "2026-03-01T12:00:00Z",
        "rowCount": 3,
        "fileName": "tickets-20260301T120000Z.csv",
        "contentType": "text/csv; charset=utf-8",
        "length": len(data),
        "sha256": sha256(data).hexdigest(),
        "writtenAt": "2026-03-01T12:01:00Z",
        "libraryVersion": version("ticket-export"),
    }
    assert manifest["view"]["searchTerm"] == "ticket"


def test_manifest_of_a_packed_file_is_about_the_bytes_that_users_get(desk: HelpDesk) -> None:
    plain_id, _ = completed(desk)
    desk.compression = GzipCompression()
    desk.clock.set(NOW)
    job_id, media_item = completed(desk)
    data = desk.file(job_id)
    manifest = ExportManifest.read(desk.storage.objects[manifest_key(media_item.object_key)])
    assert (manifest.length, manifest.sha256) == (len(data), sha256(data).hexdigest())
    assert (manifest.file_name, manifest.content_type) == ("tickets-20260301T120000Z.csv.gz", "application/gzip")
    assert (media_item.file_name, media_item.content_type) == (manifest.file_name, manifest.content_type)
    assert media_item.object_key.endswith(f"/{NAME}.gz")
    assert gzip.decompress(data) == desk.file(plain_id)


def test_manifest_comes_back_as_it_was_written(desk: HelpDesk) -> None:
    _, media_item = completed(desk)
    data = desk.storage.objects[manifest_key(media_item.object_key)]
    assert ExportManifest.read(data).encode() == data


@pytest.mark.parametrize("place", ["manifest.open", "manifest.publish"])
def test_export_without_a_manifest_fails_and_leaves_no_file(desk: HelpDesk, place: str) -> None:
    desk.fill(3)
    job_id = desk.request_export(desk.user(), VIEW).id
    desk.happen[place] = raising(StorageError("the file could not be written: the storage is full"))
    assert desk.run_export(job_id).error_message == "the file could not be written: the storage is full"
    assert desk.stored == {}


def test_manifest_is_there_before_the_job_says_completed(desk: HelpDesk) -> None:
    desk.fill(3)
    job_id = desk.request_export(desk.user(), VIEW).id
    seen: list[str] = []
    desk.happen["work.completed"] = lambda: seen.extend(sorted(desk.stored))
    desk.run_export(job_id)
    key = f"{PREFIX}{job_id}/1/{NAME}"
    assert seen == [key, f"{key}.manifest.json"]


def test_manifest_goes_with_its_file(desk: HelpDesk) -> None:
    completed(desk)
    desk.clock.advance(desk.retention)
    desk.clean_up_expired_exports()
    assert desk.stored == {}


def test_clean_up_that_loses_the_manifest_is_done_again(desk: HelpDesk) -> None:
    job_id, media_item = completed(desk)
    desk.clock.advance(desk.retention)
    desk.happen["manifest.delete"] = raising(StorageError("the file could not be deleted"))
    assert desk.clean_up_expired_exports().failed == 1
    assert list(desk.stored) == [manifest_key(media_item.object_key)]
    assert not desk.job(job_id).is_cleaned_up
    del desk.happen["manifest.delete"]
    assert desk.clean_up_expired_exports().cleaned_up == 1
    assert desk.stored == {}


def test_sweep_keeps_the_manifest_of_a_file_and_removes_that_of_none(desk: HelpDesk) -> None:
    job_id, media_item = completed(desk)
    kept = set(desk.stored)
    desk.storage.objects[f"{PREFIX}{job_id}/7/tickets.csv.manifest.json"] = b"{}"
    desk.sweep_orphaned_objects()
    assert set(desk.stored) == kept == {media_item.object_key, manifest_key(media_item.object_key)}
