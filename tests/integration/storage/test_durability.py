"""The order in which bytes and names reach the disk, and failures at each step of it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from tests.integration.storage.file_tree import files_below
from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.local.storage import LocalStorage

KEY = "exports/job/1/tickets.csv"


def _write(storage: LocalStorage, data: bytes = b"whole") -> None:
    with storage.open_writer(KEY, "text/csv") as writer:
        writer.write(data)


def test_contents_reach_the_disk_before_the_name_and_the_name_before_the_block_ends(
    storage: LocalStorage, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noting_fsync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        is_folder = stat.S_ISDIR(status.st_mode)
        events.append("folder" if is_folder else f"contents of {status.st_size} bytes")
        fsync(descriptor)

    def noting_replace(source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        events.append("rename")
        replace(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    _write(storage)  # makes the root, whose own sync would blur the order
    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(os, "replace", noting_replace)
    _write(storage)
    assert events[:3] == ["contents of 5 bytes", "rename", "folder"]
    assert set(events[3:]) <= {"folder"}


def test_new_folders_are_made_durable_in_their_parents(
    storage: LocalStorage, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    fsync = os.fsync

    def noting_fsync(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    _write(storage)
    folders = [root.parent, root, root / "exports", root / "exports/job", root / "exports/job/1"]
    assert {folder.stat().st_ino for folder in folders} <= synced


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the folders that are synced from now on."""
    names: list[str] = []
    fsync = os.fsync

    def noting_fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            names.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    return names


def _write_another(storage: LocalStorage, key: str) -> None:
    with storage.open_writer(key, "text/csv") as writer:
        writer.write(b"whole")


def test_folders_that_are_durable_already_are_not_synced_for_each_file(
    storage: LocalStorage, synced: list[str]
) -> None:
    _write(storage)
    synced.clear()
    _write_another(storage, f"{KEY}.manifest.json")
    assert synced == ["1"]
    synced.clear()
    _write_another(storage, "exports/job/2/tickets.csv")
    assert set(synced) == {"2", "job"}


def test_folders_that_another_process_has_made_are_synced_by_each_process(
    root: Path, storage: LocalStorage, synced: list[str]
) -> None:
    # It may have been killed before it has synced them.
    (root / KEY).parent.mkdir(parents=True)
    _write(storage)
    assert set(synced) == {"1", "exports", "job", root.name}


@pytest.mark.parametrize("is_made_by_another", [False, True])
def test_folders_that_come_again_are_synced_again(
    root: Path, storage: LocalStorage, synced: list[str], is_made_by_another: bool
) -> None:
    _write(storage)
    # Keeps the numbers of the folders, which the file system would otherwise give to the new ones.
    kept = [os.open(root / folder, os.O_RDONLY) for folder in ("exports", "exports/job", "exports/job/1")]
    LocalStorage(root).delete(KEY)
    if is_made_by_another:
        (root / KEY).parent.mkdir(parents=True)
    else:
        for each in kept:
            os.close(each)
    synced.clear()
    _write(storage)
    assert set(synced) == {"1", "exports", "job", root.name}
    for each in kept if is_made_by_another else ():
        os.close(each)


def test_memory_of_durable_folders_has_a_limit(
    storage: LocalStorage, synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticket_export.infrastructure.storage.local.directories._MOST_KNOWN", 3)
    for number in range(4):
        _write_another(storage, f"exports/job/{number}/tickets.csv")
        assert {str(number), "job"} <= set(synced)
    # By the first file, and by the one after the limit.
    assert synced.count("exports") == 2


def test_deletion_is_durable_even_if_an_earlier_one_was_interrupted(
    root: Path, storage: LocalStorage, synced: list[str]
) -> None:
    _write(storage)
    _write_another(storage, f"{KEY}.manifest.json")
    (root / KEY).unlink()
    synced.clear()
    storage.delete(KEY)
    assert synced == ["1"]


@pytest.mark.parametrize("failing", ["replace", "fsync of contents", "fsync of folder"])
def test_failure_at_any_step_of_publishing_leaves_nothing(
    storage: LocalStorage, root: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    fsync = os.fsync

    def failing_fsync(descriptor: int) -> None:
        of_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        if failing == ("fsync of folder" if of_folder else "fsync of contents"):
            raise OSError(errno.EIO, "Input/output error", str(root))
        fsync(descriptor)

    def failing_replace(source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error", str(root / source), None, target)

    _write(storage)
    storage.delete(KEY)
    (root / KEY).parent.mkdir(parents=True)
    monkeypatch.setattr(os, "fsync", failing_fsync)
    if failing == "replace":
        monkeypatch.setattr(os, "replace", failing_replace)
    with pytest.raises(StorageError, match="could not be written: the storage failed") as caught:
        _write(storage)
    assert str(root) not in str(caught.value)
    assert str(root) in str(caught.value.__cause__)
    assert files_below(root) == {}
    assert list(storage.list("")) == []


def test_files_and_folders_are_for_their_owner_only(storage: LocalStorage, root: Path) -> None:
    before = os.umask(0)
    try:
        _write(storage)
    finally:
        os.umask(before)
    folders = [path for path in (root, *root.rglob("*")) if path.is_dir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    assert stat.S_IMODE((root / KEY).stat().st_mode) == 0o600


def test_name_that_suggests_compression_changes_no_byte(storage: LocalStorage, root: Path) -> None:
    with storage.open_writer("exports/tickets.csv.gz", "text/csv") as writer:
        writer.write(b"plain")
    assert (root / "exports/tickets.csv.gz").read_bytes() == b"plain"
    with storage.open_reader("exports/tickets.csv.gz") as stream:
        assert stream.read() == b"plain"
