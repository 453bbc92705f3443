"""A disk without room: a limit on the size of files, and where the tests may mount one, a real full file system."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.storage.file_tree import files_below
from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.local.storage import LocalStorage

KEY = "exports/job/1/tickets.csv"


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    # Python ignores SIGXFSZ, so that a write beyond the limit fails with EFBIG.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _assert_full(error: StorageError, root: Path, storage: LocalStorage) -> None:
    assert str(error) == "the file could not be written: the storage is full"
    assert isinstance(error.__cause__, OSError)
    assert files_below(root) == {}
    assert list(storage.list("")) == []


def test_disk_that_fills_up_during_a_write_leaves_nothing(root: Path, storage: LocalStorage) -> None:
    with (
        files_no_larger_than(100_000),
        pytest.raises(StorageError) as caught,
        storage.open_writer(KEY, "text/csv") as writer,
    ):
        writer.write(b"x" * 90_000)
        writer.write(b"x" * 90_000)
        pytest.fail("the second write must not succeed")
    _assert_full(caught.value, root, storage)


def test_disk_that_fills_up_with_the_last_buffered_bytes_leaves_nothing(root: Path, storage: LocalStorage) -> None:
    reached = False
    with (
        files_no_larger_than(100),
        pytest.raises(StorageError) as caught,
        storage.open_writer(KEY, "text/csv") as writer,
    ):
        writer.write(b"x" * 200)
        reached = True  # the bytes are still in the buffer; publishing must notice
    assert reached
    _assert_full(caught.value, root, storage)


def test_error_of_the_block_wins_over_the_full_disk_behind_it(root: Path, storage: LocalStorage) -> None:
    with (
        files_no_larger_than(100),
        pytest.raises(ZeroDivisionError),
        storage.open_writer(KEY, "text/csv") as writer,
    ):
        writer.write(b"x" * 200)
        raise ZeroDivisionError
    assert files_below(root) == {}


def test_small_disk_fails_the_write_and_has_its_room_back(small_disk: Path) -> None:
    root = small_disk / "exports"
    storage = LocalStorage(root)
    with pytest.raises(StorageError) as caught, storage.open_writer(KEY, "text/csv") as writer:
        for _ in range(8):
            writer.write(b"x" * 500_000)
    _assert_full(caught.value, root, storage)
    with storage.open_writer(KEY, "text/csv") as writer:
        writer.write(b"x" * 500_000)
    assert (root / KEY).stat().st_size == 500_000
