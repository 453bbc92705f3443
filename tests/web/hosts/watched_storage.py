"""A storage that says which files are open, and that a test can stop or break while it sends a file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from ticket_export.errors import StorageError
from ticket_export.ports import ExportStorage, ObjectWriter

#: Files of the folder of `StorageWatch`, by what they do while they exist.
HOLD, BREAK, LOG = "hold", "break", "log"
#: Bytes that are sent before a file is held or broken.
BEFORE = 1 << 18


class StorageWatch:
    """The test's side: a folder that both processes know."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / LOG).touch()

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        (self.folder / what).touch()
        try:
            yield
        finally:
            (self.folder / what).unlink()

    def count(self, event: str) -> int:
        return (self.folder / LOG).read_text().split().count(event)

    @property
    def open_files(self) -> int:
        return self.count("opened") - self.count("closed")


class WatchedStorage(ExportStorage):
    """A storage around another."""

    def __init__(self, storage: ExportStorage, folder: Path) -> None:
        self._storage = storage
        self._folder = folder
        self._lock = Lock()

    @property
    def provider(self) -> str:
        return self._storage.provider

    @property
    def place(self) -> str:
        return self._storage.place

    def open_writer(self, key: str, content_type: str) -> AbstractContextManager[ObjectWriter]:
        return self._storage.open_writer(key, content_type)

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with self._storage.open_reader(key, start) as stream:
            self._tell("opened")
            try:
                yield _WatchedStream(stream, self._folder, self._tell)  # type: ignore[misc]
            finally:
                self._tell("closed")

    def delete(self, key: str) -> None:
        self._storage.delete(key)

    def list(self, prefix: str) -> Iterator[str]:
        return self._storage.list(prefix)

    def _tell(self, event: str) -> None:
        with self._lock, (self._folder / LOG).open("a") as log:
            log.write(f"{event}\n")


class _WatchedStream:
    def __init__(self, stream: BinaryIO, folder: Path, tell: object) -> None:
        self._stream = stream
        self._folder = folder
        self._tell = tell
        self._read = 0

    def read(self, size: int = -1) -> bytes:
        if self._read >= BEFORE:
            self._wait()
            if (self._folder / BREAK).exists():
                raise StorageError("the storage is gone")
        data = self._stream.read(size)
        self._read += len(data)
        return data

    def _wait(self) -> None:
        if (self._folder / HOLD).exists():
            assert callable(self._tell)
            self._tell("held")
        deadline = time.monotonic() + 60
        while (self._folder / HOLD).exists() and time.monotonic() < deadline:
            time.sleep(0.01)
