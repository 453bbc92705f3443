"""Folders come with their first file and go with their last, whoever else is at work in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.local.directories import opened_directories, prune_directories
from ticket_export.infrastructure.storage.local.storage import LocalStorage

_OPENED = "ticket_export.infrastructure.storage.local.partial_file.opened_directories"


def _write(storage: LocalStorage, key: str) -> None:
    with storage.open_writer(key, "text/csv") as writer:
        writer.write(key.encode())


def test_delete_removes_the_folders_that_it_empties_and_no_others(root: Path, storage: LocalStorage) -> None:
    _write(storage, "exports/job/1/tickets.csv")
    _write(storage, "exports/job/2/tickets.csv")
    storage.delete("exports/job/1/tickets.csv")
    assert not (root / "exports/job/1").exists()
    assert (root / "exports/job/2/tickets.csv").exists()
    storage.delete("exports/job/2/tickets.csv")
    assert not (root / "exports").exists()
    assert root.exists()


def test_delete_in_an_unused_storage_makes_nothing(root: Path, storage: LocalStorage) -> None:
    storage.delete("exports/job/1/tickets.csv")
    assert not root.exists()


def test_writers_succeed_while_their_folder_is_pruned_again_and_again(root: Path, storage: LocalStorage) -> None:
    names = ("exports", "job", "1")
    folder = root.joinpath(*names)
    finished = Event()
    pruned = 0

    def prune() -> None:
        nonlocal pruned
        while not finished.is_set():
            if folder.exists():
                prune_directories(root, names)
                pruned += not folder.exists()

    def write_and_delete(number: int) -> None:
        for _ in range(100):
            _write(storage, f"exports/job/1/{number}.csv")
            assert (folder / f"{number}.csv").read_bytes() == f"exports/job/1/{number}.csv".encode()
            storage.delete(f"exports/job/1/{number}.csv")

    with ThreadPoolExecutor() as threads:
        pruning = threads.submit(prune)
        try:
            list(threads.map(write_and_delete, range(3)))
        finally:
            finished.set()
        pruning.result(60)
    assert pruned  # it did get in between
    assert list(storage.list("")) == []


def test_writer_makes_its_folder_again_when_it_is_pruned_before_the_rename(
    root: Path, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    prunes = 3

    @contextmanager
    def opened_and_lost(
        below: Path, names: Sequence[str] = (), *, make: bool = False, **kind: Any
    ) -> Iterator[Sequence[int]]:
        nonlocal prunes
        with opened_directories(below, names, make=make, **kind) as opened:
            if make and prunes and list(names) == ["exports", "job", "1"]:
                prunes -= 1
                prune_directories(below, names)
            yield opened

    monkeypatch.setattr(_OPENED, opened_and_lost)
    _write(storage, "exports/job/1/tickets.csv")
    assert prunes == 0
    assert (root / "exports/job/1/tickets.csv").read_bytes() == b"exports/job/1/tickets.csv"


def test_writer_gives_up_when_its_folder_never_stays(
    root: Path, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def opened_and_lost(
        below: Path, names: Sequence[str] = (), *, make: bool = False, **kind: Any
    ) -> Iterator[Sequence[int]]:
        with opened_directories(below, names, make=make, **kind) as opened:
            if make:
                prune_directories(below, names)
            yield opened

    monkeypatch.setattr(_OPENED, opened_and_lost)
    (root / ".partial").mkdir(parents=True)
    (root / ".partial/keeps-the-folder").touch()
    with pytest.raises(StorageError):
        _write(storage, "exports/job/1/tickets.csv")
    assert list(storage.list("")) == []


def test_foreign_and_hidden_files_are_not_listed(root: Path, storage: LocalStorage) -> None:
    _write(storage, "exports/tickets.csv")
    (root / "exports/.DS_Store").touch()
    (root / "exports/name with spaces.csv").touch()
    (root / ".hidden").mkdir()
    (root / ".hidden/tickets.csv").touch()
    assert list(storage.list("")) == ["exports/tickets.csv"]


def test_list_goes_on_when_a_folder_vanishes_on_the_way(root: Path, storage: LocalStorage) -> None:
    for key in ("a/1", "b/1", "c/1"):
        _write(storage, key)
    keys = storage.list("")
    assert next(keys) == "a/1"
    storage.delete("b/1")
    assert list(keys) == ["c/1"]
