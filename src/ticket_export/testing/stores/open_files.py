"""The contract of an `ExportStorage` for the files and connections that a process has open."""

from __future__ import annotations

import gc
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import pytest

from ticket_export.errors import StorageError
from ticket_export.testing.stores.store_back_door import (
    CONTENT_TYPE,
    KEY,
    OTHER_KEY,
    Abandoned,
    S,
    StoreBackDoor,
    assert_ends,
    read,
    write,
)

_DESCRIPTORS: Final = Path("/proc/self/fd")
# More connections than the pools of many drivers have.
_MANY: Final = 16
_CYCLES: Final = 40


class OpenFilesContract(StoreBackDoor[S]):
    """A part of `StorageContract`."""

    def test_many_readers_at_once_do_not_wait_for_each_other(self, storage: S) -> None:
        # As in a web process.
        self.put_behind(storage, KEY, b"abcdefgh")
        found: list[bytes] = []

        def read_at_once() -> None:
            # A store may refuse so many.
            with suppress(StorageError), ExitStack() as readers:
                streams = [readers.enter_context(storage.open_reader(KEY)) for _ in range(_MANY)]
                found.extend(stream.read() for stream in streams)

        assert_ends(read_at_once)
        assert set(found) <= {b"abcdefgh"}

    def test_calls_leave_no_file_or_connection_open(self, storage: S) -> None:
        # A worker and a web process make them for months.
        if not _DESCRIPTORS.exists():
            pytest.skip("this system does not list the open files of a process")

        def use() -> None:
            for _ in range(_CYCLES):
                write(storage, KEY, b"abcdefgh")
                with suppress(Abandoned), storage.open_writer(OTHER_KEY, CONTENT_TYPE) as writer:
                    writer.write(b"half")
                    raise Abandoned
                with storage.open_reader(KEY) as stream:
                    stream.read(1)
                assert read(storage, KEY, 4) == b"efgh"
                assert list(storage.list("")) == [KEY]
                storage.delete(KEY)
            gc.collect()

        # Some of them stay for later calls.
        use()
        before = _open_files()
        use()
        assert _open_files() < before + _CYCLES // 2


def _open_files() -> int:
    return len([*_DESCRIPTORS.iterdir()])
