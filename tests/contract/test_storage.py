"""Every storage that ships keeps the contract, and the contract notices one that does not."""

from __future__ import annotations

import io
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO

import pytest

from ticket_export.application.ports.export_storage import ObjectWriter
from ticket_export.errors import StorageError
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


class Hasty(InMemoryStorage):
    """Publishes while it still writes."""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        storage = self

        class Writer:
            def write(self, data: bytes, /) -> None:
                storage.objects[key] = storage.objects.get(key, b"") + data

        yield Writer()


class Careless(InMemoryStorage):
    """Publishes what a failed block left."""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        with super().open_writer(key, content_type) as writer:
            try:
                yield writer
            except ValueError:
                return


class Deaf(InMemoryStorage):
    """Publishes what was interrupted."""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        class Writer(io.BytesIO):
            def interrupt(self) -> None:
                pass

        with Writer() as writer:
            yield writer
            self.objects[key] = writer.getvalue()


class Unordered(InMemoryStorage):
    """Lists in the order of writing."""

    def list(self, prefix: str) -> Iterator[str]:
        return (key for key in tuple(self.objects) if key.startswith(prefix))


class Trusting(InMemoryStorage):
    """Takes any key."""

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)


class Linking(InMemoryStorage):
    """Gives links of the one kind that needs no server."""

    def __init__(self, served: bytes) -> None:
        super().__init__()
        self.served = served

    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        return f"data:text/csv;base64,{b64encode(self.served).decode()}"


class Decoding(InMemoryStorage):
    """Reads what it decodes, with the descriptor of the encoded file."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with TemporaryFile() as file, super().open_reader(key, start) as reader:
            file.write(b64encode(reader.read()))
            file.flush()
            file.seek(0)
            yield Base64Reader(file)


class Unranged(InMemoryStorage):
    """Reads from the beginning, always."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with super().open_reader(key) as stream:
            yield stream


class Shifted(InMemoryStorage):
    """Reads from the byte before, where there is one."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with super().open_reader(key, max(start - 1, 0)) as stream:
            yield stream


class Bounded(InMemoryStorage):
    """Lets the error of a range beyond the end out."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        if start > len(self.objects[key]):
            raise StorageError("416")
        with super().open_reader(key, start) as stream:
            yield stream


class Counting(InMemoryStorage):
    """Counts a negative start from the end."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with super().open_reader(key, start if start >= 0 else max(len(self.objects[key]) + start, 0)) as stream:
            yield stream


class Base64Reader(io.BytesIO):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(b64decode(file.read()))
        self._file = file

    def fileno(self) -> int:
        return self._file.fileno()


class Sloppy(InMemoryStorage):
    """Removes nothing, or all, of what looks old to it."""

    def __init__(self, *, removes: int) -> None:
        super().__init__()
        self._removes = removes

    def discard_stale(self, before: datetime) -> int:
        for key in list(self.objects)[: self._removes]:
            del self.objects[key]
        return self._removes


class Placed(InMemoryStorage):
    """Says where it is in a way that is of no use."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place


_contract = TestInMemoryStorage()
_IN_ORDER = ["a-b", "a.csv", "a/b", "a/b.csv2/x", "a/c", "a0", "ab/c", "b"]


@pytest.mark.parametrize(
    ("storage", "claim"),
    [
        (Hasty(), _contract.test_nothing_is_readable_before_the_block_ends),
        (Hasty(), _contract.test_second_write_replaces_the_whole_object),
        (Hasty(), _contract.test_abandoned_block_leaves_nothing_readable),
        (
            Careless(),
            lambda it: _contract.test_failed_block_leaves_nothing_readable_and_its_error_unchanged(it, ValueError),
        ),
        (Deaf(), lambda it: _contract.test_interrupted_writer_raises_and_publishes_nothing(it, b"")),
        (Unordered(), lambda it: _contract.test_list_gives_the_keys_of_a_prefix_in_order(it, "", _IN_ORDER)),
        (Trusting(), lambda it: _contract.test_malformed_key_is_refused_by_every_method(it, "../outside")),
        (Decoding(), _contract.test_file_behind_a_reader_is_the_object),
        (Unranged(), lambda it: _contract.test_object_is_read_from_any_byte_on(it, b"abcdefgh")),
        (Shifted(), lambda it: _contract.test_object_is_read_from_any_byte_on(it, b"abcdefgh")),
        (Shifted(), _contract.test_large_object_is_read_in_pieces_from_any_byte_on),
        (Linking(b"something else"), _contract.test_signed_url_serves_the_object),
        (Hasty(), _contract.test_killed_writer_leaves_nothing_readable),
        (Hasty(), _contract.test_killed_replacement_leaves_the_object_as_it_was),
        (Sloppy(removes=0), _contract.test_what_a_killed_writer_left_is_discarded_once_and_counted),
        (Sloppy(removes=1), _contract.test_whole_objects_are_never_stale),
        (Sloppy(removes=1), _contract.test_what_was_written_to_since_is_not_stale),
    ],
    ids=[
        "early",
        "appending",
        "abandoned",
        "careless",
        "deaf",
        "unordered",
        "trusting",
        "decoding",
        "unranged",
        "shifted",
        "shifted in pieces",
        "linking",
        "killed",
        "killed replacing",
        "forgetful",
        "greedy",
        "impatient",
    ],
)
def test_contract_notices_a_storage_that_breaks_it(
    storage: InMemoryStorage, claim: Callable[[InMemoryStorage], None]
) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        claim(storage)


def test_contract_notices_a_range_that_is_an_error_and_one_that_is_none() -> None:
    with pytest.raises(StorageError, match="416"):
        _contract.test_object_is_read_from_any_byte_on(Bounded(), b"abcdefgh")
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        _contract.test_negative_start_is_refused(Counting())


@pytest.mark.parametrize("place", ["", "/srv/exports", "tape://user:secret@drive", "file:///srv/a b", "file:///a,b"])
def test_contract_notices_a_place_that_no_setting_can_have(place: str) -> None:
    with pytest.raises(AssertionError):
        _contract.test_place_is_a_url_without_credentials_that_a_list_of_urls_can_hold(Placed(place))


def test_contract_accepts_a_link_that_serves_the_object() -> None:
    _contract.test_signed_url_serves_the_object(Linking(b"signed"))


def test_ability_that_a_storage_lacks_is_skipped_with_its_name() -> None:
    with pytest.raises(pytest.skip.Exception, match="InMemoryStorage does not implement SupportsDiscardStale"):
        _contract.test_empty_store_has_nothing_stale(InMemoryStorage())
    with pytest.raises(pytest.skip.Exception, match="BytesIO does not implement SupportsInterrupt"):
        _contract.test_interrupted_writer_raises_and_publishes_nothing(InMemoryStorage(), b"")
    with pytest.raises(pytest.skip.Exception, match="InMemoryStorage does not implement SupportsSignedUrl"):
        _contract.test_signed_url_serves_the_object(InMemoryStorage())
