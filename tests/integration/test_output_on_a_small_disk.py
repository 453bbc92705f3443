"""Files of the command line on a real disk without room for them."""

from __future__ import annotations

import io
import sys
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from ticket_export.application.file.download import Download
from ticket_export.entrypoints.cli.exit_codes import CommandError
from ticket_export.entrypoints.cli.output.output_file import open_output
from ticket_export.entrypoints.cli.output.progress import PlainProgress
from ticket_export.entrypoints.cli.output.saved_download import save_download
from ticket_export.entrypoints.cli.output.standard_streams import whole_output

_SIZE = 3_000_000


def _save_to(file: str, stream: BinaryIO | None = None, size: int = _SIZE) -> None:
    source = nullcontext(stream or BytesIO(bytes(size)))
    download = Download(file_name="a", content_type="b", length=size, reader=lambda _: source)
    with open_output(file) as target:
        save_download(download, target, PlainProgress("bytes"))


def test_file_for_which_there_is_no_room_leaves_the_earlier_one_and_its_room(small_disk: Path) -> None:
    file = small_disk / "tickets.csv"
    file.write_bytes(b"earlier")
    with pytest.raises(CommandError, match=r"tickets\.csv cannot be written: No space left"):
        _save_to(str(file))
    assert {path.name: path.read_bytes() for path in small_disk.iterdir()} == {"tickets.csv": b"earlier"}


def test_copy_within_the_kernel_for_which_there_is_no_room_leaves_the_earlier_file_and_its_room(
    small_disk: Path,
) -> None:
    # On one disk with the copy, which the kernel then begins.
    size = 1_200_000
    stored, file = small_disk / "stored.csv", small_disk / "tickets.csv"
    stored.write_bytes(bytes(size))
    file.write_bytes(b"earlier")
    with (
        stored.open("rb") as stream,
        pytest.raises(CommandError, match=r"tickets\.csv cannot be written: No space left"),
    ):
        _save_to(str(file), stream, size)
    assert {path.name: path.read_bytes() for path in small_disk.iterdir()} == {
        "stored.csv": bytes(size),
        "tickets.csv": b"earlier",
    }


@pytest.mark.parametrize("buffering", [0, -1])
def test_standard_output_for_which_there_is_no_room_fails(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, buffering: int
) -> None:
    with io.TextIOWrapper(
        (small_disk / "redirected.csv").open("wb", buffering=buffering), write_through=True
    ) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with whole_output(), pytest.raises(CommandError, match="standard output cannot be written: No space left"):
            _save_to("-")
