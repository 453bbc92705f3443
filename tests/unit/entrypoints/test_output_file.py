from __future__ import annotations

import os
import threading
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path

import pytest

from ticket_export.application.dto import Download
from ticket_export.entrypoints.cli.exit_codes import BadInputError, CommandError
from ticket_export.entrypoints.cli.output_file import open_output, save_download
from ticket_export.entrypoints.cli.progress_view import PlainProgress


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


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    file.touch(mode=0o600)
    with open_output(str(file)) as target:
        target.write(b"new")
    assert file.stat().st_mode & 0o777 == 0o600


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
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with open_output(str(pipe)) as target:
        target.write(b"through")
    reader.join(timeout=10)
    assert read == [b"through"]
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("name", "what"),
    [
        (".", "is a folder"),
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
    with pytest.raises(BadInputError, match=f"--output: (?s:.*){what}"), open_output(str(tmp_path / name)):
        pytest.fail("the block was entered")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder in which not even root can write")
def test_a_folder_that_takes_no_files_is_told_before_anything_happens() -> None:
    with pytest.raises(BadInputError, match="--output: /proc cannot be written"), open_output("/proc/tickets.csv"):
        pytest.fail("the block was entered")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_in_one_line() -> None:
    content = b"x" * 100_000
    download = Download(file_name="a", content_type="b", length=len(content), stream=nullcontext(BytesIO(content)))
    with pytest.raises(CommandError, match="/dev/full cannot be written: No space"), open_output("/dev/full") as target:
        save_download(download, target, "/dev/full", PlainProgress("bytes"))
