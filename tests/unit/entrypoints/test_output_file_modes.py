"""The modes of the file that a command writes, and of its temporary file on the way."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ticket_export.entrypoints.cli.output.output_file import open_output

_CONTENT = b"content"


def _write(file: str) -> None:
    with open_output(file) as target:
        target.write(_CONTENT)


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666, 0o400, 0o755], ids=oct)
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "tickets.csv"
    file.touch()
    file.chmod(mode)
    _write(str(file))
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert file.read_bytes() == _CONTENT


@pytest.mark.parametrize("umask", [0, 0o022, 0o077], ids=oct)
def test_a_new_file_is_for_its_owner_only(tmp_path: Path, umask: int) -> None:
    os.umask(umask)
    (tmp_path / "dangling").symlink_to("target.csv")
    for name in ("new.csv", "dangling"):
        _write(str(tmp_path / name))
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [None, 0o600, 0o640, 0o666], ids=str)
def test_the_temporary_file_is_never_more_readable_than_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int | None
) -> None:
    file = tmp_path / "tickets.csv"
    if mode is not None:
        file.touch()
        file.chmod(mode)
    allowed = 0o600 if mode is None else mode
    seen: list[int] = []

    def watched(call: Callable[..., object]) -> Callable[..., object]:
        def watching(*args: object, **kwargs: object) -> object:
            try:
                return call(*args, **kwargs)
            finally:
                for path in set(tmp_path.iterdir()) - {file}:
                    with suppress(FileNotFoundError):
                        seen.append(stat.S_IMODE(path.stat().st_mode))

        return watching

    # Between any two of the calls by which files come to be, change and go.
    for name in ("open", "fsync", "fchmod", "fchown", "chmod", "replace", "rename", "unlink", "close", "umask"):
        monkeypatch.setattr(os, name, watched(getattr(os, name)))
    with open_output(str(file)) as target:
        for _ in range(3):
            watched(target.write)(b"half")
    assert len(seen) >= 3
    assert [oct(found) for found in seen if found & ~allowed] == []


def test_a_file_of_another_owner_is_replaced_by_one_that_is_no_more_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []

    def refuse(descriptor: int, owner: int, group: int) -> None:
        asked.append((owner, group))
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    file = tmp_path / "tickets.csv"
    file.touch()
    file.chmod(0o664)
    there = file.stat()
    monkeypatch.setattr(os, "fchown", refuse)
    _write(str(file))
    # Those of another group do not read it because its own group did.
    assert stat.S_IMODE(file.stat().st_mode) == 0o604
    assert asked == [(there.st_uid, there.st_gid), (-1, there.st_gid)]
