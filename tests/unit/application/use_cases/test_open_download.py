from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NAME, NOW, PREFIX, VIEW, HelpDesk, raising, read_all
from tests.unit.application.use_cases.watched_adapters import LinkingStorage, WatchedStorage
from ticket_export import Actor, SystemPermissions
from ticket_export.application.file.manifest import ExportManifest
from ticket_export.application.file.places import StoragePlaces
from ticket_export.errors import (
    ConfigurationError,
    ExportExpiredError,
    ExportNotFoundError,
    ExportNotReadyError,
    NotPermittedError,
    ObjectNotFoundError,
    StorageError,
    StorageUnavailableError,
)
from ticket_export.ports import ExportJob

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
    data = desk.file(job_id)
    assert read_all(download.stream) == data
    assert download.url is None
    assert (download.file_name, download.content_type) == ("tickets-20260301T120000Z.csv", "text/csv; charset=utf-8")
    assert download.length == len(data)


def test_download_is_opened_at_any_byte_as_often_as_wanted(desk: HelpDesk) -> None:
    job_id = completed(desk)
    download = desk.open_download(desk.user(admin=True), job_id)
    data = desk.file(job_id)
    for start in (5, 0, len(data) - 1, len(data), len(data) + 1):
        with download.open(start) as file:
            assert file.read() == data[start:]
    with pytest.raises(ValueError, match="-1"):
        download.open(-1)
    assert len(desk.audit_log.entries) == 1


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


def test_file_is_not_called_missing_while_its_storage_is_away(desk: HelpDesk) -> None:
    desk.storage = disk = MountedStorage(desk)
    job_id = completed(desk)
    download = desk.open_download(desk.user(admin=True), job_id)
    disk.objects.clear()
    with pytest.raises(ObjectNotFoundError):
        download.open()
    disk.is_mounted = False
    with pytest.raises(StorageUnavailableError):
        download.open()


def test_headers_say_what_the_bytes_are_and_that_nobody_may_keep_them(desk: HelpDesk) -> None:
    job_id = completed(desk)
    download = desk.open_download(desk.user(admin=True), job_id)
    data = desk.file(job_id)
    assert download.sha256 == sha256(data).hexdigest()
    assert download.headers == {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": 'attachment; filename="tickets-20260301T120000Z.csv"',
        "Content-Length": str(len(data)),
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{sha256(desk.media_item(job_id).object_key.encode()).hexdigest()[:32]}"',
        # RFC 9530, appendix D, writes it so.
        "Repr-Digest": f"sha-256=:{b64encode(sha256(data).digest()).decode()}:",
    }


@pytest.mark.parametrize("manifest", [None, b"", b"{}", b"\xff", b"no JSON"])
def test_file_without_a_readable_manifest_is_given_without_a_digest(desk: HelpDesk, manifest: bytes | None) -> None:
    job_id = completed(desk)
    (key,) = [key for key in desk.storage.objects if key.endswith(".manifest.json")]
    if manifest is None:
        del desk.storage.objects[key]
    else:
        desk.storage.objects[key] = manifest
    download = desk.open_download(desk.user(admin=True), job_id)
    assert read_all(download.stream) == desk.file(job_id)
    assert download.sha256 is None
    assert "Repr-Digest" not in download.headers


def test_manifest_of_another_file_is_not_believed(desk: HelpDesk) -> None:
    job_id = completed(desk)
    (key,) = [key for key in desk.storage.objects if key.endswith(".manifest.json")]
    manifest = ExportManifest.read(desk.storage.objects[key])
    for another in ({"length": manifest.length + 1}, {"job_id": uuid4()}, {"sha256": "no digest"}, {"sha256": "ab"}):
        desk.storage.objects[key] = manifest.model_copy(update=another).encode()
        assert desk.open_download(desk.user(admin=True), job_id).sha256 is None


def test_file_of_another_storage_is_not_looked_for_in_this_one(desk: HelpDesk) -> None:
    job_id = completed(desk)
    item = desk.media_item(job_id)
    desk.database.committed.media_items[item.id] = attrs.evolve(item, file_storage_provider="s3", storage_place=None)
    with pytest.raises(StorageError, match="is in the storage 's3', not in 'memory'"):
        desk.open_download(desk.user(admin=True), job_id)
    assert desk.audit_log.entries == []


class MountedStorage(WatchedStorage):
    """A folder of a disk."""

    is_mounted = True

    def is_at(self, place: str) -> bool:
        return place == self.place

    def require_there(self) -> None:
        if not self.is_mounted:
            raise StorageUnavailableError("the folder is not there")


def linking(desk: HelpDesk) -> HelpDesk:
    desk.storage = LinkingStorage(desk)
    desk.url_lifetime = timedelta(minutes=5)
    return desk


def test_link_is_made_for_the_click_and_audited_before_it_is_handed_out(desk: HelpDesk) -> None:
    job_id, actor = completed(linking(desk)), desk.user(admin=True)
    download = desk.open_download(actor, job_id)
    name = "tickets-20260301T120000Z.csv"
    assert download.url == (
        f"https://files.example.test/{PREFIX}{job_id}/1/{NAME}?name={name}&type=text/csv; charset=utf-8&for=300"
    )
    assert read_all(download.stream) == desk.file(job_id)
    (entry,) = desk.audit_log.entries
    assert (entry.action, entry.actor_id, entry.detail) == ("downloaded", actor.user_id, "link for 300 s")


def test_who_reads_the_stream_gets_no_link(desk: HelpDesk) -> None:
    job_id = completed(linking(desk))
    desk.happen["storage.link"] = raising(AssertionError("a link was made"))
    download = desk.open_download(desk.user(admin=True), job_id, with_link=False)
    assert (download.url, read_all(download.stream)) == (None, desk.file(job_id))
    assert desk.audit_log.entries[0].detail is None


def test_link_does_not_outlive_the_export(desk: HelpDesk) -> None:
    job_id = completed(linking(desk))
    desk.clock.set(NOW + RETENTION - timedelta(seconds=7))
    download = desk.open_download(desk.user(admin=True), job_id)
    assert str(download.url).endswith("&for=7")
    assert "https://" not in repr(download)


def test_who_may_not_download_gets_no_link(desk: HelpDesk) -> None:
    job_id = completed(linking(desk))
    desk.happen["storage.link"] = raising(AssertionError("a link was made"))
    job = desk.job(job_id)
    with pytest.raises(NotPermittedError):
        desk.open_download(Actor(user_id=job.requester_user_id, permissions=SystemPermissions.NONE), job_id)
    desk.happen["audit.downloaded"] = raising(ConnectionError("the audit log is gone"))
    with pytest.raises(ConnectionError):
        desk.open_download(desk.user(admin=True), job_id)


def test_storage_without_links_says_what_to_set(desk: HelpDesk) -> None:
    job_id = completed(desk)
    desk.url_lifetime = timedelta(minutes=5)
    with pytest.raises(ConfigurationError, match="TICKET_EXPORT_DOWNLOAD asks for links, and the storage 'memory'"):
        desk.open_download(desk.user(admin=True), job_id)
    assert desk.audit_log.entries == []


def test_file_in_a_former_storage_that_signs_no_links_is_a_stream(desk: HelpDesk) -> None:
    job_id = completed(desk)
    present = LinkingStorage(desk)
    places = StoragePlaces(present, [desk.storage])
    download = attrs.evolve(desk.open_download, places=places, url_lifetime=timedelta(minutes=5))(
        desk.user(admin=True), job_id
    )
    assert (download.url, read_all(download.stream)) == (None, desk.file(job_id))


def test_finding_a_file_is_no_download(desk: HelpDesk) -> None:
    admin, job_id = desk.user(admin=True), completed(desk)
    desk.audit_log.entries.clear()
    found = desk.open_download.find(admin, job_id)
    assert desk.open_download.described(found).headers == desk.open_download(admin, job_id).headers
    assert desk.audited(job_id) == ["downloaded"]


def test_the_audit_log_says_which_part_was_downloaded(desk: HelpDesk) -> None:
    admin, job_id = desk.user(admin=True), completed(desk)
    use_case = desk.open_download
    use_case.open(admin, use_case.find(admin, job_id), part="bytes 5-9/100")
    assert desk.audit_log.entries[-1].detail == "bytes 5-9/100"


def test_two_attempts_have_different_tags(desk: HelpDesk) -> None:
    admin = desk.user(admin=True)
    tags = {desk.open_download(admin, completed(desk)).etag for _ in range(2)}
    assert len(tags) == 2


@pytest.mark.parametrize("has_links", [False, True])
def test_file_that_expires_after_it_was_found_is_not_given(desk: HelpDesk, has_links: bool) -> None:
    admin, job_id = desk.user(admin=True), completed(linking(desk) if has_links else desk)
    use_case = desk.open_download
    found = use_case.find(admin, job_id)
    desk.clock.set(NOW + RETENTION)
    with pytest.raises(ExportExpiredError):
        use_case.open(admin, found)
    assert desk.audit_log.entries == []


def test_download_is_a_link_where_the_settings_ask_for_links(desk: HelpDesk) -> None:
    admin, job_id = desk.user(admin=True), completed(linking(desk))
    use_case = desk.open_download
    found = use_case.find(admin, job_id)
    assert use_case.is_link(found)
    assert not attrs.evolve(use_case, url_lifetime=None).is_link(found)
    assert desk.audit_log.entries == []
