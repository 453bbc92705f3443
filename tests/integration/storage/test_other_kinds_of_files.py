"""Pipes, sockets, devices and hard links where the storage has, or would have, a file of its own."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.storage.outside import KEY
from ticket_export.errors import ObjectNotFoundError, StorageError
from ticket_export.infrastructure.storage.local.storage import LocalStorage


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound, pytest.MonkeyPatch.context() as patch:
        # The name of a socket is short.
        patch.chdir(path.parent)
        bound.bind(path.name)


def _device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("making a device needs root")


def _write(storage: LocalStorage) -> None:
    with storage.open_writer(KEY, "text/csv") as writer:
        writer.write(b"whole")


def _read(storage: LocalStorage) -> bytes:
    with storage.open_reader(KEY) as stream:
        return stream.read()


@pytest.mark.parametrize("make", [_pipe, _socket, _device])
def test_what_is_no_file_is_refused_without_waiting_and_stays(
    root: Path, storage: LocalStorage, make: Callable[[Path], None]
) -> None:
    (root / KEY).parent.mkdir(parents=True)
    make(root / KEY)
    before = (root / KEY).lstat()
    for method in (_write, _read, lambda storage: storage.delete(KEY)):
        with pytest.raises(StorageError, match=f"{KEY} is a pipe, a socket or a device in the storage") as caught:
            method(storage)
        assert not isinstance(caught.value, ObjectNotFoundError)
        assert str(root) not in str(caught.value)
    assert list(storage.list("")) == []
    assert os.path.samestat(before, (root / KEY).lstat())


@pytest.mark.parametrize("place", [".partial", "exports", "exports/job", "exports/job/1"])
@pytest.mark.parametrize("make", [_pipe, _socket, _device])
def test_what_is_no_folder_is_refused_without_waiting_and_stays(
    root: Path, storage: LocalStorage, make: Callable[[Path], None], place: str
) -> None:
    (root / place).parent.mkdir(parents=True)
    make(root / place)
    with pytest.raises(StorageError):
        _write(storage)
    with pytest.raises(ObjectNotFoundError):
        _read(storage)
    storage.delete(KEY)
    assert list(storage.list("")) == []
    assert not stat.S_ISREG((root / place).lstat().st_mode)


@pytest.mark.parametrize("make", [_pipe, _socket, _device])
def test_what_takes_the_files_place_while_it_is_written_is_replaced_whole(
    root: Path, storage: LocalStorage, make: Callable[[Path], None]
) -> None:
    with storage.open_writer(KEY, "text/csv") as writer:
        writer.write(b"whole")
        (root / KEY).parent.mkdir(parents=True)
        make(root / KEY)
    assert _read(storage) == b"whole"


def test_hard_link_is_the_file_itself_until_it_is_written_again_or_deleted(
    root: Path, storage: LocalStorage, tmp_path: Path
) -> None:
    _write(storage)
    # As backups do it.
    backup = tmp_path / "backup.csv"
    for change in (_write, lambda storage: storage.delete(KEY)):
        backup.unlink(missing_ok=True)
        backup.hardlink_to(root / KEY)
        backup.write_bytes(b"kept")
        assert _read(storage) == b"kept"
        change(storage)
        assert backup.read_bytes() == b"kept"


def test_sweep_takes_stale_names_of_every_kind_and_leaves_folders(root: Path, storage: LocalStorage) -> None:
    (root / ".partial/folder").mkdir(parents=True)
    _pipe(root / ".partial/pipe")
    _socket(root / ".partial/socket")
    assert storage.discard_stale(datetime.now(UTC) + timedelta(seconds=5)) == 2
    assert [path.name for path in (root / ".partial").iterdir()] == ["folder"]
