"""The file of an export, copied within the kernel or block by block: the same bytes either way."""

from __future__ import annotations

import errno
import io
import os
import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from ticket_export.application.file.download import Download
from ticket_export.entrypoints.cli.exit_codes import CommandError
from ticket_export.entrypoints.cli.output.output_file import open_output
from ticket_export.entrypoints.cli.output.progress import PlainProgress
from ticket_export.entrypoints.cli.output.saved_download import save_download
from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.local.storage import LocalStorage

_CONTENT = os.urandom(3_000_001)
_KEY = "exports/job/1/tickets.csv"

pytestmark = pytest.mark.skipif(not hasattr(os, "copy_file_range"), reason="needs Linux")


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    storage = LocalStorage(tmp_path / "storage")
    with storage.open_writer(_KEY, "text/csv") as writer:
        writer.write(_CONTENT)
    return storage


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "output").mkdir()
    return tmp_path / "output" / "tickets.csv"


def _save(stream: AbstractContextManager[BinaryIO], file: Path | str, length: int = len(_CONTENT)) -> None:
    download = Download(file_name="a.csv", content_type="text/csv", length=length, reader=lambda _: stream)
    with open_output(str(file)) as target:
        save_download(download, target, PlainProgress("bytes"))


class _Kernel:
    """Copies at most `most` bytes a call; raises `error` from call number `fails_at` on."""

    def __init__(self, most: int = len(_CONTENT), error: OSError | None = None, fails_at: int = 1) -> None:
        self.calls = self.copied = 0
        self._most = most
        self._error = error
        self._fails_at = fails_at
        self._copy = os.copy_file_range

    def __call__(self, source: int, target: int, size: int, offset_src: int) -> int:
        self.calls += 1
        if self._error and self.calls >= self._fails_at:
            raise self._error
        copied = self._copy(source, target, min(size, self._most), offset_src=offset_src)
        self.copied += copied
        return copied


def test_a_file_of_a_local_storage_is_copied_within_the_kernel(
    storage: LocalStorage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = _Kernel()
    monkeypatch.setattr(os, "copy_file_range", kernel)
    _save(storage.open_reader(_KEY), file)
    assert file.read_bytes() == _CONTENT
    assert kernel.copied == len(_CONTENT)


def test_the_file_is_not_a_link_to_the_stored_one(storage: LocalStorage, file: Path, tmp_path: Path) -> None:
    _save(storage.open_reader(_KEY), file)
    with file.open("r+b") as stream:
        stream.write(b"changed")
    assert (tmp_path / "storage" / _KEY).read_bytes() == _CONTENT
    assert (file.stat().st_nlink, file.is_symlink()) == (1, False)


def test_a_kernel_that_copies_less_than_it_is_asked_for_copies_all(
    storage: LocalStorage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = _Kernel(most=100_000)
    monkeypatch.setattr(os, "copy_file_range", kernel)
    _save(storage.open_reader(_KEY), file)
    assert file.read_bytes() == _CONTENT
    assert kernel.calls == 31


@pytest.mark.parametrize("fails_at", [1, 2])
@pytest.mark.parametrize(
    "number",
    [errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.EBADF, errno.EPERM, errno.EIO],
    ids=errno.errorcode.get,
)
def test_what_the_kernel_refuses_to_copy_is_read_and_written(
    storage: LocalStorage, file: Path, monkeypatch: pytest.MonkeyPatch, number: int, fails_at: int
) -> None:
    file.write_bytes(b"earlier")
    kernel = _Kernel(1_000_000, OSError(number, os.strerror(number)), fails_at)
    monkeypatch.setattr(os, "copy_file_range", kernel)
    _save(storage.open_reader(_KEY), file)
    assert file.read_bytes() == _CONTENT
    assert kernel.copied == (fails_at - 1) * 1_000_000


def test_a_system_without_the_call_reads_and_writes(
    storage: LocalStorage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "copy_file_range")
    _save(storage.open_reader(_KEY), file)
    assert file.read_bytes() == _CONTENT


def test_a_stream_without_a_file_is_read_and_written(file: Path) -> None:
    class WithoutDescriptor:
        """As little as a plugin's stream may have."""

        def __init__(self) -> None:
            self.read = io.BytesIO(_CONTENT).read

    for stream in (io.BytesIO(_CONTENT), WithoutDescriptor()):
        _save(nullcontext(cast("BinaryIO", stream)), file)
        assert file.read_bytes() == _CONTENT


def test_a_file_that_cannot_be_read_from_the_middle_on_is_not_begun_by_the_kernel(
    storage: LocalStorage, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unseekable(io.FileIO):
        def seekable(self) -> bool:
            return False

    kernel = _Kernel(most=1_000_000)
    monkeypatch.setattr(os, "copy_file_range", kernel)
    _save(cast("AbstractContextManager[BinaryIO]", Unseekable(tmp_path / "storage" / _KEY)), file)
    assert file.read_bytes() == _CONTENT
    assert kernel.calls == 0


@pytest.mark.parametrize("length", [len(_CONTENT) - 1, len(_CONTENT) + 1])
def test_a_file_of_another_length_is_not_saved(storage: LocalStorage, file: Path, length: int) -> None:
    with pytest.raises(StorageError, match=r"the file has 3,000,001 bytes in the storage"):
        _save(storage.open_reader(_KEY), file, length)
    assert list(file.parent.iterdir()) == []


def test_a_write_that_fails_within_the_kernel_has_the_message_of_any_other(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "copy_file_range", _Kernel(error=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
    with pytest.raises(CommandError, match="/dev/full cannot be written: No space left on device"):
        _save(storage.open_reader(_KEY), "/dev/full")


def test_an_interrupted_copy_leaves_the_earlier_file_and_nothing_else(
    storage: LocalStorage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(b"earlier")

    def interrupted(*_args: object, **_kwargs: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "copy_file_range", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _save(storage.open_reader(_KEY), file)
    assert file.read_bytes() == b"earlier"
    assert list(file.parent.iterdir()) == [file]


def test_a_pipe_gets_the_bytes(storage: LocalStorage, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    _save(storage.open_reader(_KEY), pipe)
    reader.join(timeout=10)
    assert read == [_CONTENT]


@pytest.mark.parametrize("flags", [0, os.O_APPEND], ids=["write", "append"])
def test_a_file_that_a_shell_has_opened_gets_the_bytes_from_where_it_is(
    storage: LocalStorage, tmp_path: Path, flags: int
) -> None:
    opened = os.open(tmp_path / "opened", os.O_WRONLY | os.O_CREAT | flags)
    try:
        os.set_inheritable(opened, True)
        os.write(opened, b"before,")
        _save(storage.open_reader(_KEY), f"/dev/fd/{opened}")
        os.write(opened, b",after")
    finally:
        os.close(opened)
    assert (tmp_path / "opened").read_bytes() == b"before," + _CONTENT + b",after"
