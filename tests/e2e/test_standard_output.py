"""Every command that prints, on every kind of standard output: all of it is written, or the command fails."""

from __future__ import annotations

import errno
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

import pytest

from tests.e2e.command_line import Ended, jobs, run_command
from tests.e2e.conftest import HelpDesk
from tests.raw_streams import ComplainingStream, HesitantStream, buffered_text, unbuffered_text
from ticket_export.entrypoints.cli.main import main

_ADMIN = ("--as", "admin@example.test")
_EXPORT = ("export", "--columns", "id,title,tags", "--search", "Zürich", *_ADMIN)
# Which give the same bytes each time.
_PRINTING: Sequence[tuple[str, ...]] = (
    (),
    ("--help",),
    ("--version",),
    ("export", "--help"),
    ("columns",),
    ("columns", "--json"),
    ("list", *_ADMIN),
    ("list", *_ADMIN, "--json"),
    ("show", "JOB", *_ADMIN),
    ("show", "JOB", *_ADMIN, "--json"),
    ("download", "JOB", *_ADMIN, "--output", "-"),
)


@pytest.fixture(scope="module")
def home(filled_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HelpDesk]:
    """Commands that run in this process work on it; it has one export."""
    home = HelpDesk(tmp_path_factory.mktemp("printing"))
    shutil.copy(filled_database, home.database)
    with pytest.MonkeyPatch.context() as patch:
        home.enter(patch)
        ended = run_command(*_EXPORT, "--output", "tickets.csv")
        assert ended.exit_code == 0, ended.err
        yield home


@pytest.fixture(scope="module")
def printed(home: HelpDesk) -> Mapping[tuple[str, ...], bytes]:
    """What each command prints."""
    (exported,) = jobs(run_command("list", *_ADMIN, "--json"))
    commands = [tuple(each.replace("JOB", str(exported["id"])) for each in command) for command in _PRINTING]
    return {command: run_command(*command).out for command in commands}


def _run_on(stdout: TextIO | None, *arguments: str) -> Ended:
    """A command in this process, whose standard output is `stdout`."""
    told = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        patch.setattr(sys, "stderr", told)
        exit_code = main(arguments)
    return Ended(exit_code, b"", told.getvalue())


_BOTH_KINDS = pytest.mark.parametrize("text_over", [unbuffered_text, buffered_text])


@_BOTH_KINDS
def test_output_that_takes_less_at_a_time_gets_everything(
    printed: Mapping[tuple[str, ...], bytes], text_over: Callable[[io.RawIOBase], TextIO]
) -> None:
    for command, expected in printed.items():
        raw = HesitantStream((1000, 1))
        ended = _run_on(text_over(raw), *command)
        assert (ended.exit_code, bytes(raw.taken), ended.problems) == (0, expected, []), command


@_BOTH_KINDS
def test_output_without_room_for_all_of_it_fails_the_command(
    printed: Mapping[tuple[str, ...], bytes], text_over: Callable[[io.RawIOBase], TextIO]
) -> None:
    for command, expected in printed.items():
        faults = {0: errno.EFBIG, len(expected) // 2: errno.EDQUOT, len(expected) - 1: errno.ENOSPC}
        for room, number in faults.items():
            raw = HesitantStream((1000, 1), room, OSError(number, os.strerror(number)))
            ended = _run_on(text_over(raw), *command)
            told = [f"standard output cannot be written: {os.strerror(number)}"]
            assert (ended.exit_code, ended.problems) == (1, told), command
            assert raw.taken == expected[:room], command
            assert "bytes in" not in ended.err


@_BOTH_KINDS
def test_output_that_fails_only_at_its_end_fails_the_command(
    printed: Mapping[tuple[str, ...], bytes], text_over: Callable[[io.RawIOBase], TextIO]
) -> None:
    for command in printed:
        ended = _run_on(text_over(ComplainingStream()), *command)
        assert (ended.exit_code, len(ended.problems)) == (1, 1), command
        assert "bytes in" not in ended.err


@_BOTH_KINDS
def test_output_whose_reader_has_gone_fails_the_command_in_one_line(
    printed: Mapping[tuple[str, ...], bytes], text_over: Callable[[io.RawIOBase], TextIO]
) -> None:
    for command in printed:
        reading, writing = os.pipe()
        os.close(reading)
        with text_over(io.FileIO(writing, "wb")) as stdout:
            ended = _run_on(stdout, *command)
        told = [line for line in ended.err.splitlines() if not line.startswith("Downloading")]
        assert (ended.exit_code, told) == (
            1,
            ["the reader of standard output has closed it: not all was written"],
        ), command


def test_output_that_is_closed_fails_what_only_prints(printed: Mapping[tuple[str, ...], bytes]) -> None:
    for command in printed:
        ended = _run_on(None, *command)
        assert (ended.exit_code, ended.err) == (1, "standard output is closed: nothing was written\n"), command


def test_output_that_is_closed_does_not_fail_what_does_something_else(help_desk: HelpDesk) -> None:
    for command in (
        (*_EXPORT, "--output", "unprinted.csv"),
        ("migrate",),
        ("sample-data", "--tickets", "1"),
        ("worker", "--drain"),
        ("cleanup",),
    ):
        assert _run_on(None, *command).exit_code == 0, command
    assert (help_desk.folder / "unprinted.csv").stat().st_size > 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-16-le"])
def test_output_whose_encoding_lacks_a_letter_has_its_escape_and_the_same_bytes_of_a_file(
    printed: Mapping[tuple[str, ...], bytes], encoding: str
) -> None:
    for command, expected in printed.items():
        raw = HesitantStream((1000,))
        ended = _run_on(unbuffered_text(raw, encoding), *command)
        assert (ended.exit_code, ended.problems) == (0, []), command
        if "download" in command:
            assert raw.taken == expected
        elif "--help" not in command and command:
            # Help draws its frames with what the encoding has.
            assert raw.taken == expected.decode().encode(encoding, "backslashreplace"), command


def test_no_command_leaves_standard_output_changed(printed: Mapping[tuple[str, ...], bytes]) -> None:
    mine = unbuffered_text(HesitantStream())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", mine)
        main(("columns",))
        assert sys.stdout is mine
        assert not mine.closed
