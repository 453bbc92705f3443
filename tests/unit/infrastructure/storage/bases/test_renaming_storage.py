"""The base of storages on file systems, whose driver has one error class and the statuses of HTTP."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest

from ticket_export import Settings, StorageError
from ticket_export.errors import ObjectNotFoundError, StorageUnavailableError
from ticket_export.storage import RenamingStorage, StoredFile, StoreLocation

_KEY = "exports/job/1/tickets.csv"
_NAME = "exports~job~1~tickets.csv"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


class DriverError(Exception):
    def __init__(self, status: HTTPStatus) -> None:
        self.status_code = status


class Folder:
    """A folder of a server, once it is made."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] | None = None
        self.refuses_writes = False
        self.is_full = False

    def open_files(self) -> dict[str, bytes]:
        if self.files is None:
            raise DriverError(HTTPStatus.NOT_FOUND)
        return self.files

    def require_room(self) -> None:
        if self.is_full:
            raise DriverError(HTTPStatus.INSUFFICIENT_STORAGE)

    def read(self, name: str) -> bytes:
        files = self.open_files()
        if name not in files:
            raise DriverError(HTTPStatus.NOT_FOUND)
        return files[name]


class _Stream(io.BytesIO):
    def __init__(self, folder: Folder, name: str) -> None:
        super().__init__()
        self._folder, self._name = folder, name
        folder.open_files()[name] = b""

    def write(self, data: Any, /) -> int:
        if self._folder.refuses_writes:
            raise DriverError(HTTPStatus.FORBIDDEN)
        self._folder.require_room()
        return super().write(data)

    def close(self) -> None:
        if not self.closed:
            self._folder.open_files()[self._name] = self.getvalue()
        super().close()
        # Such as the file of Python, which has a rest to write.
        self._folder.require_room()


class FolderStorage(RenamingStorage[Folder]):
    provider = "folder"

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> FolderStorage:
        location = StoreLocation.parse(url, usage="folder://host/path", options={})
        folder = Folder()
        return cls(location, lambda: folder)

    def open_stream(self, name: str, mode: str, content_type: str | None = None) -> Any:
        return _Stream(self.client, name) if mode == "wb" else io.BytesIO(self.client.read(name))

    def make_folder(self) -> None:
        self.client.files = {}

    def names(self, prefix: str) -> Iterable[str]:
        return [name for name in self.client.open_files() if name.startswith(prefix)]

    def stat(self, name: str) -> StoredFile:
        return StoredFile(len(self.client.read(name)), _NOW)

    def rename(self, name: str, new_name: str) -> None:
        files = self.client.open_files()
        files[new_name] = files.pop(name)

    def remove(self, name: str) -> None:
        self.client.read(name)
        del self.client.open_files()[name]


@pytest.fixture
def storage() -> FolderStorage:
    return FolderStorage.from_url("folder://host/path", Settings())


def write(storage: FolderStorage) -> None:
    with storage.open_writer(_KEY, "text/csv") as writer:
        writer.write(b"whole")


def test_first_write_makes_the_folder(storage: FolderStorage) -> None:
    write(storage)
    assert storage.client.files == {_NAME: b"whole"}


def test_missing_folder_has_no_files_and_is_not_there(storage: FolderStorage) -> None:
    assert list(storage.list("")) == []
    assert storage.discard_stale(_NOW + timedelta(1)) == 0
    storage.delete(_KEY)
    with pytest.raises(ObjectNotFoundError), storage.open_reader(_KEY):
        pass
    with pytest.raises(StorageUnavailableError, match="the folder of the storage does not exist"):
        storage.require_there()
    assert storage.client.files is None


def test_reader_that_cannot_begin_in_the_middle_is_closed(
    storage: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(storage)
    opened = io.BytesIO()

    def seek(offset: int, whence: int = io.SEEK_SET) -> int:
        raise io.UnsupportedOperation("seek")

    monkeypatch.setattr(storage, "open_stream", lambda *_: opened_without(seek, opened))
    with pytest.raises(StorageError, match="could not be read"), storage.open_reader(_KEY, 1):
        pass
    assert opened.closed


def opened_without(seek: Any, stream: io.BytesIO) -> Any:
    class Unseekable:
        read, close = stream.read, stream.close

    unseekable: Any = Unseekable()
    unseekable.seek = seek
    return unseekable


def test_refused_write_leaves_no_temporary_file(storage: FolderStorage) -> None:
    write(storage)
    storage.client.refuses_writes = True
    with pytest.raises(StorageError, match="refuses access"):
        write(storage)
    assert storage.client.files == {_NAME: b"whole"}


def test_full_store_that_refuses_the_end_of_a_file_too_keeps_no_temporary_file(
    storage: FolderStorage, caplog: pytest.LogCaptureFixture
) -> None:
    write(storage)
    storage.client.is_full = True
    with pytest.raises(StorageError, match="the storage is full"):
        write(storage)
    assert storage.client.files == {_NAME: b"whole"}
    assert caplog.records == []


def test_temporary_file_that_is_gone_is_no_failure_of_the_clean_up(
    storage: FolderStorage, caplog: pytest.LogCaptureFixture
) -> None:
    write(storage)
    with pytest.raises(KeyError), storage.open_writer(_KEY, "text/csv") as writer:
        writer.write(b"x" * (storage.part_bytes + 1))
        writer.write(b"x" * storage.part_bytes)
        files = storage.client.open_files()
        for name in [name for name in files if name.startswith(".partial-")]:
            del files[name]
        raise KeyError
    assert caplog.records == []
    assert storage.client.open_files()[_NAME] == b"whole"
