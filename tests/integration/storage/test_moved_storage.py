"""The storage changes its folder, its bucket or its kind while exports are live: no file is lost, and none is left."""

from __future__ import annotations

import logging
import sys
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from hashlib import sha256
from itertools import product
from pathlib import Path
from shutil import rmtree
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import UUID, uuid4

import attrs
import pytest
from dependency_injector.providers import Factory

from tests.s3_fixtures import Bucket
from tests.unit.application.use_cases.help_desk import COLUMNS, NOW, VIEW
from tests.unit.infrastructure.storage.installed_packages import install
from ticket_export import Actor, Settings, SystemPermissions, TicketExportContainer
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUp
from ticket_export.application.use_cases.purge_exports import Purge
from ticket_export.application.use_cases.sweep_orphaned_objects import Sweep
from ticket_export.errors import ConfigurationError, UnknownPlaceError, UserNotForgottenError
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket
from ticket_export.infrastructure.storage.s3 import storage as s3_storage
from ticket_export.ports import MediaItem, User
from ticket_export.testing.memory import (
    InMemoryAuditLog,
    InMemoryClock,
    InMemoryDatabase,
    InMemoryTicketSource,
    InMemoryUnitOfWork,
    InMemoryUserDirectory,
)

KINDS = ("file", "s3", "shelf")
RETENTION = timedelta(hours=72)
#: A plugin that keeps its objects in the memory of the process, by the URL.
SHELF = """
from ticket_export.testing.memory import InMemoryStorage

class Shelf(InMemoryStorage):
    provider = "shelf"
    shelves = {}

    @classmethod
    def from_url(cls, url, settings):
        shelf = cls()
        shelf.objects = cls.shelves.setdefault(url, {})
        shelf._place = url
        return shelf
"""


@attrs.define
class Desk:
    """One database, and the containers of processes that have different storages."""

    place_of: Callable[[str, str], str]
    settings: dict[str, str]
    database: InMemoryDatabase = attrs.field(factory=InMemoryDatabase)
    clock: InMemoryClock = attrs.field(factory=lambda: InMemoryClock(NOW))
    actor: Actor = attrs.field(init=False)
    users: InMemoryUserDirectory = attrs.field(init=False)
    source: InMemoryTicketSource = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        user = User(id=uuid4(), first_name="A", last_name="B", email_address="a@b.test", is_admin=True)
        self.actor = Actor(user_id=user.id, is_admin=True, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)
        self.users = InMemoryUserDirectory(self.database)
        self.users.add(user, SystemPermissions.IMPORT_EXPORT_TICKETS)
        tickets = [InMemoryTicket(id=n, created_at=NOW, values={"id": n, "title": f"ticket {n}"}) for n in range(50)]
        self.source = InMemoryTicketSource(COLUMNS, tickets)

    def process(self, storage_url: str, *former: str) -> TicketExportContainer:
        """A new process with these settings."""
        settings = {"storage_url": storage_url, "former_storage_urls": former, "task_queue": "inline", **self.settings}
        return TicketExportContainer(
            settings=Settings.model_validate(settings),
            unit_of_work=Factory(InMemoryUnitOfWork, self.database),
            user_directory=self.users,
            audit_log=InMemoryAuditLog(),
            ticket_source=self.source,
            clock=self.clock,
            machine_clock=self.clock,
        )

    def export(self, process: TicketExportContainer) -> UUID:
        """A completed export of a view of its own."""
        job = process.request_export()(self.actor, {**VIEW, "viewId": str(uuid4())})
        assert process.get_export()(self.actor, job.id).status == "completed"
        return job.id

    def item(self, job_id: UUID) -> MediaItem:
        rows = self.database.committed
        media_item_id = rows.jobs[job_id].media_item_id
        assert media_item_id is not None
        return rows.media_items[media_item_id]

    def change(self, job_id: UUID, **fields: Any) -> None:
        """Change the row of its file behind the library's back."""
        item = self.item(job_id)
        self.database.committed.media_items[item.id] = attrs.evolve(item, **fields)

    def download(self, process: TicketExportContainer, job_id: UUID) -> bytes:
        download = process.open_download()(self.actor, job_id)
        assert download.sha256 is not None
        with download.stream as stream:
            data = stream.read()
        with download.open(len(data) // 2) as end:
            assert end.read() == data[len(data) // 2 :]
        assert len(data) == download.length
        assert sha256(data).hexdigest() == download.sha256
        return data

    def expire(self) -> None:
        self.clock.advance(RETENTION)


def files_in(process: TicketExportContainer) -> list[str]:
    """The files and manifests in the present storage of a process."""
    return [key for key in process.storage().list("exports/") if not key.endswith("/owner.json")]


@cache
def _connected(**options: Any) -> object:
    from ticket_export.infrastructure.storage.s3.client import connect

    return connect(**options)


@pytest.fixture
def desk(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    site = tmp_path / "site"
    install(site, "ticket-export-shelf", {"shelf": "ticket_export_shelf:Shelf"}, {"ticket_export_shelf": SHELF})
    monkeypatch.syspath_prepend(site)

    # Making a client takes longer than most of these tests. Not by its name: a test of the registry imports it again.
    monkeypatch.setattr(s3_storage, "connect", _connected)

    def place_of(kind: str, name: str) -> str:
        return {
            "file": (tmp_path / name).as_uri(),
            "s3": f"{bucket.url}/{name}",
            "shelf": f"shelf://{name}",
        }[kind]

    yield Desk(place_of, {"s3_endpoint_url": bucket.endpoint_url, "database_url": f"sqlite:///{tmp_path}/not-used.db"})
    sys.modules.pop("ticket_export_shelf", None)


@pytest.mark.parametrize(("before", "after"), list(product(KINDS, KINDS)))
def test_with_the_former_url_every_download_works_and_every_expired_file_goes(
    desk: Desk, before: str, after: str
) -> None:
    old, new = desk.place_of(before, "old"), desk.place_of(after, "new")
    first = desk.process(old)
    in_old = desk.export(first)
    second = desk.process(new, old)
    in_new = desk.export(second)
    assert desk.item(in_old).storage_place != desk.item(in_new).storage_place
    assert (len(files_in(first)), len(files_in(second))) == (2, 2)
    assert desk.download(second, in_old).count(b"ticket ") == desk.download(second, in_new).count(b"ticket ") == 50
    assert second.clean_up_expired_exports()() == CleanUp()
    desk.expire()
    assert second.clean_up_expired_exports()() == CleanUp(cleaned_up=2)
    assert files_in(first) == files_in(second) == []
    assert desk.database.committed.media_items == {}


@pytest.mark.parametrize(("before", "after"), list(product(KINDS, KINDS)))
def test_without_the_former_url_file_and_rows_stay_until_it_is_set(
    desk: Desk, before: str, after: str, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = desk.place_of(before, "old"), desk.place_of(after, "new")
    first = desk.process(old)
    jobs = [desk.export(first), desk.export(first)]
    data = desk.download(first, jobs[0])
    second = desk.process(new)
    with pytest.raises(UnknownPlaceError) as caught:
        second.open_download()(desk.actor, jobs[0])
    assert "old" not in str(caught.value)
    desk.expire()
    rows, files = desk.database.committed, files_in(first)
    place = desk.item(jobs[0]).storage_place
    assert place is not None
    for _ in range(3):
        assert second.clean_up_expired_exports()() == CleanUp(failed=2, unknown_places=(place,))
    assert (desk.database.committed, files_in(first)) == (rows, files)
    (told,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert place in told.getMessage()
    assert "TICKET_EXPORT_FORMER_STORAGE_URLS" in told.getMessage()
    assert not told.exc_info
    # The place itself is the URL to set.
    third = desk.process(new, place)
    assert third.places().holding(desk.item(jobs[0])).place == place
    with third.places().holding(desk.item(jobs[0])).open_reader(desk.item(jobs[0]).object_key) as stream:
        assert stream.read() == data
    assert third.clean_up_expired_exports()() == CleanUp(cleaned_up=2)
    assert files_in(first) == []


@pytest.mark.parametrize("kind", KINDS)
def test_file_of_an_older_version_is_looked_for_in_every_storage_of_its_kind(desk: Desk, kind: str) -> None:
    other = next(each for each in KINDS if each != kind)
    old, new = desk.place_of(kind, "old"), desk.place_of(kind, "new")
    first = desk.process(old)
    job_id = desk.export(first)
    desk.change(job_id, storage_place=None)
    elsewhere = desk.process(desk.place_of(other, "new"), desk.place_of(other, "old"), old)
    for process in (desk.process(new, old), elsewhere):
        assert desk.download(process, job_id).count(b"ticket ") == 50
    desk.expire()
    of_another_kind = desk.process(desk.place_of(other, "new"))
    assert of_another_kind.clean_up_expired_exports()() == CleanUp(failed=1, unknown_places=(f"{kind}://...",))
    assert len(files_in(first)) == 2
    assert desk.process(new, old).clean_up_expired_exports()() == CleanUp(cleaned_up=1)
    assert files_in(first) == []


@pytest.mark.parametrize("kind", KINDS)
def test_file_that_an_operator_has_moved_is_found_and_deleted(desk: Desk, kind: str) -> None:
    old, new = desk.place_of("file", "old"), desk.place_of(kind, "new")
    first = desk.process(old)
    job_id = desk.export(first)
    second, third = desk.process(new), desk.process(new, old)
    for key in files_in(first):
        with first.storage().open_reader(key) as stream, second.storage().open_writer(key, "text/csv") as writer:
            writer.write(stream.read())
    rmtree(url2pathname(urlsplit(old).path))
    for process in (second, third):
        assert desk.download(process, job_id).count(b"ticket ") == 50
    desk.expire()
    # There may be another copy where the file was written.
    assert second.clean_up_expired_exports()() == CleanUp(failed=1, unknown_places=(old,))
    assert len(files_in(second)) == 2
    assert third.clean_up_expired_exports()() == CleanUp(cleaned_up=1)
    assert files_in(second) == []


def test_folder_that_is_a_link_to_its_new_place_needs_no_setting(desk: Desk, tmp_path: Path) -> None:
    url = desk.place_of("file", "old")
    job_id = desk.export(desk.process(url))
    (tmp_path / "old").rename(tmp_path / "larger")
    (tmp_path / "old").symlink_to(tmp_path / "larger")
    process = desk.process(url)
    assert process.storage().place != desk.item(job_id).storage_place
    assert desk.download(process, job_id).count(b"ticket ") == 50
    desk.expire()
    assert process.clean_up_expired_exports()() == CleanUp(cleaned_up=1)
    assert files_in(process) == []


@pytest.mark.parametrize("after", KINDS)
def test_file_on_a_disk_that_is_not_mounted_does_not_count_as_deleted(desk: Desk, after: str, tmp_path: Path) -> None:
    old, new = desk.place_of("file", "old"), desk.place_of(after, "new")
    first = desk.process(old)
    job_id = desk.export(first)
    desk.expire()
    (tmp_path / "old").rename(tmp_path / "unmounted")
    for process in (desk.process(new, old), first):
        # What a worker does at its start, and every few minutes.
        assert any("does not exist" in each.what for each in process.check())
        process.sweep_orphaned_objects()()
        assert process.clean_up_expired_exports()() == CleanUp(failed=1)
        assert not (tmp_path / "old").exists()
    assert not desk.database.committed.jobs[job_id].is_cleaned_up
    (tmp_path / "unmounted").rename(tmp_path / "old")
    assert desk.process(new, old).clean_up_expired_exports()() == CleanUp(cleaned_up=1)
    assert files_in(first) == []


@pytest.mark.parametrize("broken", ["tape://drive", "s3://My_Bucket", "exports", "file:relative"])
def test_broken_former_url_stops_no_export_and_hides_no_file(
    desk: Desk, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = desk.place_of("file", "old"), desk.place_of("file", "new")
    in_old = desk.export(desk.process(old))
    process = desk.process(new, broken, old)
    in_new = desk.export(process)
    assert desk.download(process, in_old) == desk.download(process, in_new)
    (told,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "a former storage cannot be opened" in told.getMessage()
    (found,) = [each for each in process.check() if "former" in each.what]
    assert (found.severity, found.where) == ("warning", "storage")
    desk.expire()
    assert process.clean_up_expired_exports()() == CleanUp(cleaned_up=2)


def test_file_of_an_older_version_may_be_in_the_former_storage_that_cannot_be_opened(desk: Desk) -> None:
    first = desk.process(desk.place_of("file", "old"))
    job_id = desk.export(first)
    desk.change(job_id, storage_place=None)
    desk.expire()
    process = desk.process(desk.place_of("file", "new"), "file://far/old")
    assert process.clean_up_expired_exports()() == CleanUp(failed=1)
    assert len(files_in(first)) == 2


@pytest.mark.parametrize("fields", [{"object_key": "invoices/2026/1.pdf"}, {"object_key": "exports/2026/1.pdf"}])
@pytest.mark.parametrize("kind", KINDS)
def test_row_and_file_of_another_program_are_never_touched(desk: Desk, kind: str, fields: dict[str, str]) -> None:
    url = desk.place_of(kind, "old")
    process = desk.process(url)
    job_id = desk.export(process)
    key = fields["object_key"]
    with process.storage().open_writer(key, "application/pdf") as writer:
        writer.write(b"not ours")
    for provider in (kind, "s3"):
        desk.change(job_id, file_storage_provider=provider, storage_place=None, **fields)
        rows = desk.database.committed
        desk.clock.advance(timedelta(days=9999))
        assert process.clean_up_expired_exports()() == CleanUp()
        assert process.purge_exports()(history=timedelta(days=1)) == Purge()
        assert desk.database.committed == rows
        with process.storage().open_reader(key) as stream:
            assert stream.read() == b"not ours"


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_killed_attempt_left_in_a_former_storage_is_swept(desk: Desk, kind: str, tmp_path: Path) -> None:
    old, gone = desk.place_of(kind, "old"), desk.place_of("file", "not-mounted")
    first, second = desk.process(old), desk.process(desk.place_of("file", "new"), gone, old)
    desk.export(first)
    kept = files_in(first)
    with first.storage().open_writer(kept[0].replace("/1/", "/2/"), "text/csv") as writer:
        writer.write(b"half")
    assert second.sweep_orphaned_objects()() == Sweep(removed=1)
    assert files_in(first) == kept
    assert not (tmp_path / "not-mounted").exists()


def test_link_is_made_by_the_storage_that_has_the_file(desk: Desk) -> None:
    folder, bucket = desk.place_of("file", "files"), desk.place_of("s3", "files")
    desk.settings["download"] = "signed-url"
    in_folder, in_bucket = desk.export(desk.process(folder)), desk.export(desk.process(bucket))
    of_bucket = desk.process(bucket, folder).open_download()
    assert of_bucket(desk.actor, in_folder).url is None
    with urllib.request.urlopen(of_bucket(desk.actor, in_bucket).url or "", timeout=30) as response:
        assert response.read().count(b"ticket ") == 50
    of_folder = desk.process(folder, bucket).open_download()
    assert of_folder(desk.actor, in_bucket).url is not None
    with pytest.raises(ConfigurationError, match="TICKET_EXPORT_DOWNLOAD asks for links"):
        of_folder(desk.actor, in_folder)


@pytest.mark.parametrize("kind", KINDS)
def test_forgotten_user_has_no_file_in_any_storage(desk: Desk, kind: str) -> None:
    old, new = desk.place_of("file", "old"), desk.place_of(kind, "new")
    first, second = desk.process(old), desk.process(new, old)
    desk.export(first)
    desk.export(second)
    with pytest.raises(UserNotForgottenError, match=f"TICKET_EXPORT_FORMER_STORAGE_URLS.*{old}"):
        desk.process(new).forget_user()(desk.actor.user_id)
    assert len(files_in(first)) == 2
    second.forget_user()(desk.actor.user_id)
    assert files_in(first) == files_in(second) == []
    assert desk.database.committed.jobs == {}


def test_check_names_the_url_of_live_and_of_expired_files(desk: Desk) -> None:
    old, new = desk.place_of("file", "old"), desk.place_of("file", "new")
    first = desk.process(old)
    desk.export(first)
    process = desk.process(new)
    (live,) = [each for each in process.check() if "no setting names" in each.what]
    assert live.what == f"no setting names the storage {old}, which has files of 1 export"
    assert (live.severity, live.remedy) == ("warning", f"add {old} to TICKET_EXPORT_FORMER_STORAGE_URLS")
    desk.expire()
    desk.export(first)
    (both,) = [each for each in process.check() if "no setting names" in each.what]
    assert both.what == f"no setting names the storage {old}, which has files of 2 exports, 1 of them expired"
    assert [each for each in desk.process(new, old).check() if each.where == "storage"] == []
