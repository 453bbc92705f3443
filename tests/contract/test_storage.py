"""Storages in memory and in a folder keep the contract; `tests/contract/mutants` shows what it notices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.storage.local.storage import LocalStorage
from ticket_export.testing.storage import StorageContract


class TestInMemoryStorage(StorageContract[InMemoryStorage]):
    @pytest.fixture
    def storage(self) -> InMemoryStorage:
        return InMemoryStorage()

    def put_behind(self, storage: InMemoryStorage, key: str, data: bytes) -> None:
        storage.objects[key] = data

    def get_behind(self, storage: InMemoryStorage, key: str) -> bytes | None:
        return storage.objects.get(key)


class TestLocalStorage(StorageContract[LocalStorage]):
    root: Path

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[LocalStorage]:
        self.root = tmp_path / "outer" / "exports"
        yield LocalStorage(self.root)
        # Whatever a test did: nothing next to the root but the folder of another storage, and no temporary file left.
        assert [path.name for path in tmp_path.iterdir()] in ([], ["outer"])
        assert {path.name for path in tmp_path.glob("outer/*")} <= {"exports", "exports-another"}
        assert list(self.root.glob(".*/*")) == []

    def put_behind(self, storage: LocalStorage, key: str, data: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def get_behind(self, storage: LocalStorage, key: str) -> bytes | None:
        path = self.root / key
        return path.read_bytes() if path.is_file() else None

    @contextmanager
    def away_behind(self, storage: LocalStorage) -> Iterator[None]:
        # As a network file system whose server has gone: every call fails.
        away = self.root.with_name("away")
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.rename(away)
        self.root.symlink_to(self.root)
        yield
        self.root.unlink()
        away.rename(self.root)


class TestLocalStorageForAGroup(TestLocalStorage):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> LocalStorage:
        self.root = tmp_path / "outer" / "exports"
        return LocalStorage(self.root, for_group=True)

    def environment(self, storage: LocalStorage) -> Mapping[str, str]:
        return {"TICKET_EXPORT_FILE_ACCESS": "group"}


class Placed(InMemoryStorage):
    """Has a place that is of no use."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place


class Linking(InMemoryStorage):
    """Has links in a form of its own."""

    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        return f"https://links.example/{key}"


_contract = TestInMemoryStorage()


@pytest.mark.parametrize(
    "place", ["", "/srv/exports", "tape://user:secret@drive", "memory:///srv/a b", "memory:///a,b"]
)
def test_contract_notices_a_place_that_no_setting_can_have(place: str) -> None:
    with pytest.raises(AssertionError):
        _contract.test_place_is_a_url_without_credentials_that_a_list_of_urls_can_hold(Placed(place))


def test_ability_that_a_storage_lacks_is_skipped_with_its_name() -> None:
    with pytest.raises(pytest.skip.Exception, match="InMemoryStorage does not implement SupportsDiscardStale"):
        _contract.test_empty_store_has_nothing_stale(InMemoryStorage())
    with pytest.raises(pytest.skip.Exception, match="BytesIO does not implement SupportsInterrupt"):
        _contract.test_interrupted_writer_raises_and_publishes_nothing(InMemoryStorage(), b"")
    with pytest.raises(pytest.skip.Exception, match="InMemoryStorage does not implement SupportsSignedUrl"):
        _contract.test_signed_url_serves_the_object(InMemoryStorage())


def test_hook_that_an_author_has_not_overridden_is_skipped_with_its_name() -> None:
    with pytest.raises(pytest.skip.Exception, match="TestInMemoryStorage does not override away_behind"):
        _contract.test_store_is_used_again_when_it_is_back(InMemoryStorage())
    with pytest.raises(pytest.skip.Exception, match="no installed package has an entry point for memory://"):
        _contract.test_process_that_ends_with_open_writers_leaves_every_object_as_it_was(InMemoryStorage(), "exits")
    with pytest.raises(pytest.skip.Exception, match="TestInMemoryStorage does not override link_lifetime"):
        _contract.test_signed_url_is_valid_as_long_as_it_was_asked_for(Linking(), 90)


def test_lifetime_of_a_link_is_read_from_the_urls_of_three_vendors() -> None:
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    for query in (
        "X-Amz-Expires=3600&X-Amz-Signature=0",
        "X-Goog-Expires=3600&X-Goog-Signature=0",
        f"se={in_an_hour:%Y-%m-%dT%H:%M:%SZ}&sig=0",
    ):
        lifetime = _contract.link_lifetime(f"https://store.example/a.csv?{query}")
        assert timedelta(minutes=59) < lifetime <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("place", "another"),
    [
        ("memory://store/prefix", "memory://store/prefix-another"),
        ("memory://store", "memory://store/another"),
        ("memory://store/a/b?endpoint=http://host:1", "memory://store/a/b-another?endpoint=http://host:1"),
        ("memory:///folder", "memory:///folder-another"),
    ],
)
def test_another_place_is_next_to_the_storage(place: str, another: str) -> None:
    assert _contract.another_place(Placed(place)) == another
