"""Folders that the process may not use, and what the error tells whom."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ticket_export.errors import ObjectNotFoundError, StorageError
from ticket_export.infrastructure.storage.local.storage import LocalStorage

KEY = "exports/job/1/tickets.csv"
_NOBODY = 65534


def _write(storage: LocalStorage, key: str = KEY) -> None:
    with storage.open_writer(key, "text/csv") as writer:
        writer.write(b"whole")


def _read(storage: LocalStorage, key: str = KEY) -> bytes:
    with storage.open_reader(key) as stream:
        return stream.read()


@contextmanager
def _without_privileges() -> Iterator[None]:
    # Permissions do not stop root.
    user = os.geteuid()
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not tmp_path, whose parents nobody else may enter.
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o700)
    shutil.rmtree(folder)


@pytest.mark.parametrize("action", [_write, lambda storage: storage.delete(KEY)], ids=["write", "delete"])
def test_read_only_folder_refuses_what_changes_it(folder: Path, action: Callable[[LocalStorage], None]) -> None:
    storage = LocalStorage(folder)
    _write(storage)
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)
    with _without_privileges():
        with pytest.raises(StorageError, match="the storage refuses access") as caught:
            action(storage)
        assert _read(storage) == b"whole"
        assert list(storage.list("")) == [KEY]
    assert str(folder) not in str(caught.value)
    assert isinstance(caught.value.__cause__, PermissionError)
    folder.chmod(0o755)


@pytest.mark.parametrize(
    "action",
    [
        _write,
        _read,
        lambda storage: storage.delete(KEY),
        lambda storage: list(storage.list("")),
        lambda storage: storage.discard_stale(datetime.now(UTC)),
    ],
    ids=["write", "read", "delete", "list", "discard_stale"],
)
def test_closed_folder_refuses_everything_without_naming_a_path(
    folder: Path, action: Callable[[LocalStorage], object]
) -> None:
    root = folder / "closed"
    storage = LocalStorage(root)
    _write(storage)
    for path in (*root.rglob("*"), root):
        path.chmod(0)
    with _without_privileges(), pytest.raises(StorageError, match="the storage refuses access") as caught:
        action(storage)
    assert str(folder) not in str(caught.value)
    assert str(folder) in str(caught.value.__cause__)


@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a/b", "a"), ("a", "a/b/c")])
def test_key_inside_another_object_is_refused_and_changes_nothing(tmp_path: Path, first: str, second: str) -> None:
    storage = LocalStorage(tmp_path)
    _write(storage, first)
    with pytest.raises(StorageError) as caught:
        _write(storage, second)
    assert str(tmp_path) not in str(caught.value)
    assert list(storage.list("")) == [first]
    with pytest.raises(ObjectNotFoundError):
        _read(storage, second)


def test_root_that_is_a_file_fails_every_write(tmp_path: Path) -> None:
    root = tmp_path / "file"
    root.write_bytes(b"in the way")
    with pytest.raises(StorageError):
        _write(LocalStorage(root))
    assert root.read_bytes() == b"in the way"
