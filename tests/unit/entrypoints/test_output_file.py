from __future__ import annotations

import errno
import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import BytesIO
from pathlib import Path

import pytest

from ticket_export.application.file.download import Download
from ticket_export.entrypoints.cli.exit_codes import BadInputError, ClosedOutputError, CommandError
from ticket_export.entrypoints.cli.output import output_file
from ticket_export.entrypoints.cli.output.output_file import is_standard_output, open_output
from ticket_export.entrypoints.cli.output.progress import PlainProgress
from ticket_export.entrypoints.cli.output.saved_download import save_download

_CONTENT = os.urandom(200_000)


def _write(file: str, content: bytes = _CONTENT) -> None:
    with open_output(file) as target:
        for begin in range(0, len(content), 70_000):
            target.write(content[begin : begin + 70_000])


@contextmanager
def _inherited_pipe(read: list[bytes]) -> Iterator[int]:
    """The writing end, as a shell passes it on; what comes out goes to `read`."""
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)

    def keep() -> None:
        with io.FileIO(reading) as stream:
            read.append(stream.readall() or b"")

    reader = threading.Thread(target=keep, daemon=True)
    reader.start()
    try:
        yield writing
    finally:
        os.close(writing)
        reader.join(timeout=60)


def test_the_file_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    with open_output(str(file)) as target:
        target.write(b"whole")
        assert not file.exists()
    assert file.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [file]


def test_an_error_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    file.write_bytes(b"earlier")
    with pytest.raises(RuntimeError), open_output(str(file)) as target:
        target.write(b"half")
        raise RuntimeError
    assert file.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("call", ["fsync", "fchmod", "replace", "close", "write"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS], ids=errno.errorcode.get)
def test_a_failure_at_any_step_leaves_the_earlier_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    class Failing(io.FileIO):
        def write(self, data: object, /) -> int:
            if call == "write":
                raise OSError(number, os.strerror(number))
            return super().write(data)  # type: ignore[arg-type]

        def close(self) -> None:
            was_closed = self.closed
            super().close()
            if call == "close" and not was_closed:
                raise OSError(number, os.strerror(number))

    def fail(*_args: object) -> None:
        raise OSError(number, os.strerror(number))

    file = tmp_path / "tickets.csv"
    file.write_bytes(b"earlier")
    monkeypatch.setattr(io, "FileIO", Failing)
    if hasattr(os, call) and call not in {"close", "write"}:
        monkeypatch.setattr(os, call, fail)
    with pytest.raises(CommandError, match=f"tickets.csv cannot be written: {os.strerror(number)}"):
        _write(str(file))
    assert file.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [file]


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "tickets.csv", tmp_path / "latest.csv"
    file.touch()
    link.symlink_to(file)
    with open_output(str(link)) as target:
        target.write(b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with open_output(str(pipe)) as target:
        target.write(b"through")
    reader.join(timeout=60)
    assert read == [b"through"]
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("name", "what"),
    [
        (".", "is a folder"),
        ("new/", "is a folder"),
        ("file/", "is a folder"),
        ("missing/tickets.csv", "does not exist"),
        ("file/tickets.csv", "cannot be written"),
        ("nul\0", "cannot be written"),
        ("loop", "cannot be written"),
        ("x" * 300, "cannot be written"),
        ("\ud800", "cannot be written"),
    ],
)
def test_where_nothing_can_be_written_is_said_before_anything_happens(name: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(BadInputError, match=f"--output: (?s:.*){what}"), open_output(f"{tmp_path}/{name}"):
        pytest.fail("the block was entered")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder in which not even root can write")
def test_a_folder_that_takes_no_files_is_told_before_anything_happens() -> None:
    with pytest.raises(BadInputError, match="--output: /proc cannot be written"), open_output("/proc/tickets.csv"):
        pytest.fail("the block was entered")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("name", ["/dev/full", "link"])
def test_a_full_disk_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to("/dev/full")
    source = nullcontext(BytesIO(_CONTENT))
    download = Download(file_name="a", content_type="b", length=200_000, reader=lambda _: source)
    with (
        pytest.raises(CommandError, match=f"{name} cannot be written: No space"),
        open_output(str(tmp_path / name)) as target,
    ):
        save_download(download, target, PlainProgress("bytes"))


@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}", "link"])
def test_a_pipe_that_a_shell_has_made_gets_the_bytes(tmp_path: Path, name: str) -> None:
    read: list[bytes] = []
    with _inherited_pipe(read) as writing:
        (tmp_path / "link").symlink_to(f"/proc/self/fd/{writing}")
        _write(str(tmp_path / name.format(writing)))
    assert read == [_CONTENT]


def test_a_file_that_a_shell_has_opened_is_written_to_from_where_it_is(tmp_path: Path) -> None:
    with (tmp_path / "opened").open("wb", buffering=0) as stream:
        os.set_inheritable(stream.fileno(), True)
        stream.write(b"before,")
        _write(f"/dev/fd/{stream.fileno()}", b"between,")
        stream.write(b"after")
    assert (tmp_path / "opened").read_bytes() == b"before,between,after"


def test_what_the_process_has_opened_itself_is_no_output(tmp_path: Path) -> None:
    (tmp_path / "database").write_bytes(b"rows")
    with (tmp_path / "database").open("r+b") as own:
        for name in ("/dev/fd", "/proc/self/fd"):
            with pytest.raises(BadInputError, match="Bad file descriptor"):
                _write(f"{name}/{own.fileno()}")
        closed = own.fileno()
    assert (tmp_path / "database").read_bytes() == b"rows"
    with pytest.raises(BadInputError, match="Bad file descriptor"):
        _write(f"/dev/fd/{closed}")


def test_a_descriptor_that_is_for_reading_is_no_output(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"input")
    with (tmp_path / "input").open("rb") as stream:
        os.set_inheritable(stream.fileno(), True)
        with pytest.raises(CommandError, match="Bad file descriptor"):
            _write(f"/dev/fd/{stream.fileno()}")
    assert (tmp_path / "input").read_bytes() == b"input"


def test_devices_and_links_to_them_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/null")
    for file in ("/dev/null", str(tmp_path / "link")):
        _write(file)
    assert Path("/dev/null").is_char_device()
    assert (tmp_path / "link").is_symlink()


def test_a_reader_that_goes_away_is_told_by_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    def read_a_little() -> None:
        with (tmp_path / "pipe").open("rb") as stream:
            stream.read(10)

    reader = threading.Thread(target=read_a_little, daemon=True)
    reader.start()
    with pytest.raises(ClosedOutputError, match=r"the reader of .*pipe has closed it"):
        _write(str(tmp_path / "pipe"), bytes(1_000_000))
    reader.join(timeout=60)


def test_names_of_standard_output_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "redirected").open("wb") as stream, (tmp_path / "errors").open("wb") as errors:
        monkeypatch.setattr(output_file, "_STDOUT", stream.fileno())
        monkeypatch.setattr(output_file, "_STDERR", errors.fileno())
        for each in (stream, errors):
            os.set_inheritable(each.fileno(), True)
        number = stream.fileno()
        known = {name: is_standard_output(name) for name in ("-", f"/dev/fd/{number}", str(tmp_path / "redirected"))}
        assert set(known.values()) == {True}
        assert not any(map(is_standard_output, (str(tmp_path / "new"), str(tmp_path / "errors"), "nul\0", "/dev/null")))
        for name in ("/dev/stderr", f"/dev/fd/{errors.fileno()}"):
            with pytest.raises(BadInputError, match="is standard error, which shows progress and errors"):
                _write(name)
        _write("/dev/stdout")
    assert (tmp_path / "redirected").read_bytes() == _CONTENT
    assert (tmp_path / "errors").read_bytes() == b""
