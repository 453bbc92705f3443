"""Links that come between any two steps of a method, where a moment ago there was a folder or a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.integration.storage.outside import KEY, PLACES, Outside
from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.local.storage import LocalStorage

# Every call by which files and folders are reached.
_CALLS = (
    *("open", "mkdir", "replace", "rename", "unlink", "rmdir", "fsync", "scandir"),
    *("stat", "lstat", "fstat", "chmod", "fchmod", "chown", "fchown"),
)
_MOST_STEPS = 120


@attrs.define
class Step:
    """Does something before the call number `at`, counted from 0."""

    at: int
    act: Callable[[], None]
    made: int = 0

    @contextmanager
    def around(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in _CALLS:
                patch.setattr(os, name, self._counted(getattr(os, name), patch))
            yield

    def _counted(self, call: Callable[..., Any], patch: pytest.MonkeyPatch) -> Callable[..., Any]:
        def counted(*args: object, **kwargs: object) -> Any:
            self.made += 1
            if self.made - 1 == self.at:
                # The act itself works with the calls as they are.
                patch.undo()
                self.act()
            return call(*args, **kwargs)

        return counted


def _write(storage: LocalStorage) -> None:
    with storage.open_writer(KEY, "text/csv") as writer:
        writer.write(b"new" * 10_000)
        writer.write(b"new" * 10_000)


def _read(storage: LocalStorage) -> None:
    with storage.open_reader(KEY) as stream:
        assert stream.read() == b"old"


def _sweep(storage: LocalStorage) -> None:
    storage.discard_stale(datetime.now(UTC) + timedelta(days=1))


_METHODS: dict[str, Callable[[LocalStorage], object]] = {
    "write": _write,
    "read": _read,
    "delete": lambda storage: storage.delete(KEY),
    "list": lambda storage: list(storage.list("exports/")),
    "sweep": _sweep,
}


def _prepared(folder: Path, *, for_group: bool = False) -> tuple[LocalStorage, Outside]:
    storage = LocalStorage(folder / "root", for_group=for_group)
    with storage.open_writer(KEY, "text/csv") as writer:
        writer.write(b"old")
    (folder / "root/.partial/stale").write_bytes(b"stale")
    return storage, Outside.prepare(folder / "outside")


@pytest.mark.parametrize(
    ("method", "place", "for_group"),
    [
        *((method, place, False) for method in _METHODS for place in PLACES),
        # Modes and groups are changed in two places: of the folder of temporary files, and of the others.
        *(("write", place, True) for place in (".partial", "exports/job")),
    ],
)
def test_link_that_is_made_at_any_step_leads_nowhere(tmp_path: Path, method: str, place: str, for_group: bool) -> None:
    for at in range(_MOST_STEPS):
        folder = tmp_path / str(at)
        storage, outside = _prepared(folder, for_group=for_group)
        before = outside.state

        def put_link(outside: Outside = outside, root: Path = folder / "root") -> None:
            outside.put_link(root, place)

        step = Step(at, put_link)
        with suppress(StorageError), step.around():
            _METHODS[method](storage)
        assert outside.state == before, f"step {at} has followed the link"
        if step.made <= at:
            return
    pytest.fail("the method takes fewer steps")


def _replace_with_link(path: Path, outside: Outside) -> None:
    path.unlink()
    path.symlink_to(outside.folder / "secret.csv")


def _replace_with_hard_link(path: Path, outside: Outside) -> None:
    path.unlink()
    path.hardlink_to(outside.folder / "secret.csv")


def _replace_with_pipe(path: Path, outside: Outside) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("replace", [_replace_with_link, _replace_with_hard_link, _replace_with_pipe])
def test_what_takes_the_place_of_the_temporary_file_at_any_step_is_not_published(
    tmp_path: Path, replace: Callable[[Path, Outside], None]
) -> None:
    for at in range(_MOST_STEPS):
        storage, outside = _prepared(tmp_path / str(at))
        before = outside.state
        root = tmp_path / str(at) / "root"
        (root / ".partial/stale").unlink()
        published = False

        def take_place(outside: Outside = outside, root: Path = root) -> None:
            for path in (root / ".partial").iterdir():
                replace(path, outside)

        step = Step(at, take_place)
        with suppress(StorageError), step.around():
            _write(storage)
            published = True
        assert outside.state == before
        with suppress(StorageError), storage.open_reader(KEY) as stream:
            assert stream.read() == (b"new" * 20_000 if published else b"old")
        if published:
            assert list(storage.list("exports/")) == [KEY]
        if step.made <= at:
            return
    pytest.fail("writing takes fewer steps")


@pytest.mark.parametrize("replace", [_replace_with_link, _replace_with_pipe])
def test_what_takes_the_place_of_a_file_at_any_step_of_reading_is_neither_followed_nor_waited_for(
    tmp_path: Path, replace: Callable[[Path, Outside], None]
) -> None:
    for at in range(_MOST_STEPS):
        storage, outside = _prepared(tmp_path / str(at))

        def take_place(outside: Outside = outside, root: Path = tmp_path / str(at) / "root") -> None:
            replace(root / KEY, outside)

        step = Step(at, take_place)
        # The file, or an error.
        with suppress(StorageError), step.around():
            _read(storage)
        if step.made <= at:
            return
    pytest.fail("reading takes fewer steps")
