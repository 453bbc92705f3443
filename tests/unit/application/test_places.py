"""Which storage a file is read from, and in which storages it is deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import attrs
import pytest

from ticket_export import Actor
from ticket_export.application.checks.places_check import absence_problems, emptiness_problems, place_problems
from ticket_export.application.file.export_file import manifest_key
from ticket_export.application.file.ownership import StorageOwnership
from ticket_export.application.file.places import StoragePlaces
from ticket_export.application.finding import error
from ticket_export.errors import ObjectNotFoundError, StorageError, UnknownPlaceError
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.database import InMemoryDatabase
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.memory.unit_of_work import InMemoryUnitOfWork
from ticket_export.ports import FilesAtPlace, Finding, MediaItem, SupportsCheck, SupportsPlaces
from ticket_export.testing.entities import NOW, a_media_item


class Away(InMemoryStorage):
    """Cannot be reached."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        raise StorageError("the storage cannot be reached")
        yield

    def delete(self, key: str) -> None:
        raise StorageError("the storage cannot be reached")


class NotMounted(InMemoryStorage, SupportsPlaces):
    """Looks empty, and is known by another name too."""

    def is_at(self, place: str) -> bool:
        return place == "memory://another-name"

    def require_there(self) -> None:
        raise StorageError("it is not mounted")


def an_item(storage: InMemoryStorage, **fields: str | None) -> MediaItem:
    """The row of a file in that storage, which has the file and its manifest."""
    item = attrs.evolve(a_media_item(), file_storage_provider=storage.provider, storage_place=storage.place)
    storage.objects[item.object_key] = b"file"
    storage.objects[manifest_key(item.object_key)] = b"manifest"
    return changed(item, **fields)


def changed(item: MediaItem, **fields: Any) -> MediaItem:
    return attrs.evolve(item, **fields)


@pytest.fixture
def ownership() -> StorageOwnership:
    database = InMemoryDatabase()
    return StorageOwnership(
        unit_of_work=lambda: InMemoryUnitOfWork(database), clock=InMemoryClock(NOW), process=lambda: "test"
    )


def test_present_storage_is_not_asked_for_a_file_of_its_own_place() -> None:
    away, other = Away(), InMemoryStorage()
    assert StoragePlaces(away, [other]).holding(an_item(away)) is away


def test_only_storage_of_its_kind_is_not_asked_for_a_file_without_a_place() -> None:
    away = Away()
    assert StoragePlaces(away).holding(an_item(away, storage_place=None)) is away


@pytest.mark.parametrize("place", ["its own", "another", None])
def test_file_is_read_where_it_is(place: str | None) -> None:
    present, first, second = InMemoryStorage(), InMemoryStorage(), InMemoryStorage()
    for storage in (present, first, second):
        item = an_item(storage)
        if place != "its own":
            item = changed(item, storage_place=None if place is None else "memory://unknown")
        assert StoragePlaces(present, [first, second]).holding(item) is storage


def test_storage_of_the_place_comes_first() -> None:
    present, former = InMemoryStorage(), InMemoryStorage()
    item = an_item(former)
    present.objects |= former.objects
    assert StoragePlaces(present, [former]).holding(item) is former


def test_storage_that_is_away_hides_no_file_in_another_one() -> None:
    present, former = InMemoryStorage(), Away()
    item = an_item(present, storage_place=former.place)
    assert StoragePlaces(present, [former]).holding(item) is present


def test_file_that_no_storage_has_is_away_unknown_or_gone() -> None:
    present, former = InMemoryStorage(), InMemoryStorage()
    item = an_item(former)
    former.objects.clear()
    places = StoragePlaces(present, [former])
    with pytest.raises(ObjectNotFoundError):
        places.holding(item)
    with pytest.raises(UnknownPlaceError) as caught:
        places.holding(changed(item, storage_place="memory://unknown"))
    assert caught.value.place == "memory://unknown"
    assert "memory://unknown" not in str(caught.value)
    with pytest.raises(StorageError, match="cannot be reached"):
        StoragePlaces(present, [Away()]).holding(changed(item, storage_place="memory://unknown"))


def test_file_without_a_place_is_in_no_storage_of_another_kind() -> None:
    storage = InMemoryStorage()
    item = an_item(storage, storage_place=None, file_storage_provider="s3")
    assert not StoragePlaces(storage).knows("s3", None)
    with pytest.raises(UnknownPlaceError, match="the file is in the storage 's3', not in 'memory'") as caught:
        StoragePlaces(storage).holding(item)
    assert caught.value.place == "s3://..."


def test_place_is_told_once_and_each_place_is_told(caplog: pytest.LogCaptureFixture) -> None:
    storage = InMemoryStorage()
    told: dict[str, object] = {}
    for place in ("memory://one", "memory://two", "memory://one", None, None, "memory://new\nline"):
        item = changed(an_item(storage), storage_place=place, file_storage_provider="s3", object_key="exports/gone")
        with pytest.raises(UnknownPlaceError):
            StoragePlaces(storage, told=told).holding(item)
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 4
    assert "'memory://one', which" in messages[0]
    assert "'memory://two', which" in messages[1]
    assert "storage 's3', not in 'memory'" in messages[2]
    assert "\n" not in messages[3]
    assert all("TICKET_EXPORT_FORMER_STORAGE_URLS" in message for message in messages)


def test_bucket_at_amazon_is_named_with_an_empty_endpoint_if_the_settings_have_another_one() -> None:
    storage = InMemoryStorage()
    item = an_item(storage, storage_place="s3://desk/a", object_key="exports/gone")
    for place, url in [("s3://desk/b", "s3://desk/a"), ("s3://desk/a?endpoint=http://minio", "s3://desk/a?endpoint=")]:
        storage._place = place
        with pytest.raises(UnknownPlaceError) as caught:
            StoragePlaces(storage).holding(item)
        assert caught.value.place == url
        counted = FilesAtPlace(provider="s3", place="s3://desk/a", files=1, expired=0)
        (found,) = place_problems(StoragePlaces(storage), [counted])
        assert found.remedy == f"add {url} to TICKET_EXPORT_FORMER_STORAGE_URLS"


def test_file_is_deleted_in_its_place_and_where_it_was_moved_to(ownership: StorageOwnership) -> None:
    present, former, third = InMemoryStorage(), InMemoryStorage(), InMemoryStorage()
    item = an_item(former)
    for storage in (present, third):
        storage.objects |= former.objects
    StoragePlaces(present, [former, third]).delete(item, ownership)
    assert [files_in(each) for each in (present, former, third)] == [0, 0, 2]


def test_file_without_a_place_is_deleted_in_every_storage_of_its_kind(ownership: StorageOwnership) -> None:
    present, former = InMemoryStorage(), InMemoryStorage()
    item = an_item(former, storage_place=None)
    present.objects |= former.objects
    StoragePlaces(present, [former]).delete(item, ownership)
    assert files_in(present) == files_in(former) == 0


def test_file_of_an_unknown_place_is_not_deleted_anywhere(ownership: StorageOwnership) -> None:
    storage = InMemoryStorage()
    with pytest.raises(UnknownPlaceError):
        StoragePlaces(storage).delete(an_item(storage, storage_place="memory://unknown"), ownership)
    assert files_in(storage) == 2


@pytest.mark.parametrize("place", [True, False])
def test_file_that_may_be_in_a_storage_that_is_away_does_not_count_as_deleted(
    ownership: StorageOwnership, place: bool
) -> None:
    present, former = InMemoryStorage(), NotMounted()
    item = an_item(former)
    if not place:
        item = changed(item, storage_place=None)
    places = StoragePlaces(present, [former])
    with pytest.raises(StorageError, match="it is not mounted"):
        places.delete(item, ownership)
    # It was moved, and is seen where it was moved to.
    present.objects |= former.objects
    places.delete(item, ownership)
    assert (files_in(present), files_in(former)) == (0, 2)


def test_file_is_deleted_in_the_former_storage_that_it_was_moved_to(ownership: StorageOwnership) -> None:
    present, gone, moved_to, away = InMemoryStorage(), NotMounted(), InMemoryStorage(), Away()
    item = an_item(gone)
    moved_to.objects |= gone.objects
    places = StoragePlaces(present, [away, gone, moved_to])
    places.delete(item, ownership)
    assert item.object_key not in moved_to.objects
    assert manifest_key(item.object_key) not in moved_to.objects
    with pytest.raises(StorageError, match="not mounted"):
        places.delete(item, ownership)


def test_present_storage_that_does_not_exist_yet_keeps_no_former_file(ownership: StorageOwnership) -> None:
    present, former = NotMounted(), InMemoryStorage()
    places, item = StoragePlaces(present, [former]), an_item(former)
    places.delete(item, ownership)
    # Again, after a clean-up that was killed.
    places.delete(item, ownership)
    assert files_in(former) == 0
    assert present.objects == {}


def test_storage_is_found_by_its_other_name() -> None:
    storage = NotMounted()
    assert StoragePlaces(storage).holding(an_item(storage, storage_place="memory://another-name")) is storage
    assert StoragePlaces(storage).knows("memory", "memory://another-name")
    assert not StoragePlaces(storage).knows("memory", "memory://unknown")


class Checked(InMemoryStorage, SupportsCheck):
    def problems(self, actors: Sequence[Actor]) -> Iterator[Finding]:
        yield error("storage", "the bucket is missing", "create it, or correct TICKET_EXPORT_STORAGE_URL")


def test_former_storages_are_checked_and_stop_no_worker() -> None:
    wrong, away = Checked(), NotMounted()
    found = list(place_problems(StoragePlaces(InMemoryStorage(), [InMemoryStorage(), wrong, away]), ()))
    assert [str(each) for each in found] == [
        (
            f"warning: storage: a former storage ({wrong.place}): the bucket is missing; create it, or correct "
            "TICKET_EXPORT_FORMER_STORAGE_URLS"
        ),
        f"warning: storage: a former storage ({away.place}): it is not mounted; see what is wrong with the storage",
    ]


def test_present_storage_that_does_not_exist_is_an_error_if_exports_have_files_there() -> None:
    def files(storage: InMemoryStorage, number: int) -> list[FilesAtPlace]:
        return [
            FilesAtPlace(provider="memory", place=storage.place, files=number, expired=0),
            FilesAtPlace(provider="memory", place=None, files=7, expired=1),
            FilesAtPlace(provider="memory", place="memory://another", files=7, expired=1),
        ]

    away, there = NotMounted(), InMemoryStorage()
    (found,) = absence_problems(away, files(away, 1_200))
    assert (str(found), found.may_pass) == (
        (
            f"error: storage: {away.place} does not exist, and 1,200 exports have files there; "
            "mount it; if its files are gone for good, create it"
        ),
        True,
    )
    assert not list(absence_problems(away, files(away, 0)))
    assert not list(absence_problems(there, files(there, 1)))
    (found,) = emptiness_problems(there, files(there, 1))
    assert str(found).startswith(f"warning: storage: {there.place} has no owner object, and 1 export has files there")
    assert not list(emptiness_problems(there, files(there, 0)))


def test_unknown_place_that_the_check_of_a_worker_has_told_is_not_logged_again(
    ownership: StorageOwnership, caplog: pytest.LogCaptureFixture
) -> None:
    storage, former, other = InMemoryStorage(), InMemoryStorage(), InMemoryStorage()
    places, item = StoragePlaces(storage), an_item(former)
    counted = FilesAtPlace(provider=former.provider, place=former.place, files=1, expired=1)
    assert len(list(place_problems(places, [counted]))) == 1
    for each in (item, an_item(other)):
        with pytest.raises(UnknownPlaceError):
            places.delete(each, ownership)
    assert [former.place in caplog.text, other.place in caplog.text] == [False, True]


def test_files_in_an_unknown_place_are_a_warning_with_the_url_to_add() -> None:
    storage = InMemoryStorage()
    counted = [
        FilesAtPlace(provider="memory", place=storage.place, files=7, expired=1),
        FilesAtPlace(provider="memory", place=None, files=7, expired=1),
        FilesAtPlace(provider="file", place="file:///srv/old", files=1, expired=0),
        FilesAtPlace(provider="s3", place=None, files=1_200, expired=3),
    ]
    assert [str(each) for each in place_problems(StoragePlaces(storage), counted)] == [
        (
            "warning: storage: no setting names the storage file:///srv/old, which has files of 1 export; add "
            "file:///srv/old to TICKET_EXPORT_FORMER_STORAGE_URLS"
        ),
        (
            "warning: storage: no setting names the storage of the kind 's3', which has files of 1,200 exports, 3 of "
            "them expired; add the URL of that storage, s3://..., to TICKET_EXPORT_FORMER_STORAGE_URLS"
        ),
    ]


def files_in(storage: InMemoryStorage) -> int:
    return len([key for key in storage.objects if not key.endswith("owner.json")])
