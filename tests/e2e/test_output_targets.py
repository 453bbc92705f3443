"""Real commands, whose output goes where a shell or another program has put it."""

from __future__ import annotations

import gzip
import os
import subprocess
import threading
from pathlib import Path
from time import sleep

import pytest

from tests.e2e.command_line import SCRIPT, clean_environment, job, run_command
from tests.e2e.conftest import HelpDesk

_ADMIN = ("--as", "admin@example.test")
# More than a pipe holds, and than the limit below.
_VIEW = ("--columns", "id,title,description,contactName,contactEmail,assigneeName,teamName,tags,creationTime")


@pytest.fixture
def download(help_desk: HelpDesk) -> str:
    """The beginning of a shell command, to be followed by where ``tickets.csv`` is to be written again."""
    exported = run_command("export", *_VIEW, *_ADMIN, "--output", "tickets.csv", "--json")
    assert exported.exit_code == 0, exported.err
    assert (help_desk.folder / "tickets.csv").stat().st_size > 100 * 1024
    return f"{SCRIPT} download {job(exported)['id']} {' '.join(_ADMIN)} --output"


def _in_bash(help_desk: HelpDesk, command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=help_desk.folder,
        env={**clean_environment(), **help_desk.settings, **settings},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )


def _problems(told: str) -> list[str]:
    return [line for line in told.splitlines() if not line.startswith("Downloading: ")]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_download_that_the_limit_on_files_cuts_short_fails(
    help_desk: HelpDesk, download: str, unbuffered: str
) -> None:
    ended = _in_bash(help_desk, f"ulimit -f 100; {download} - > cut.csv", PYTHONUNBUFFERED=unbuffered)
    assert (help_desk.folder / "cut.csv").stat().st_size == 100 * 1024
    assert ended.returncode == 1
    assert _problems(ended.stderr) == ["error: standard output cannot be written: File too large"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_pipe_that_does_not_block_gets_the_whole_file(help_desk: HelpDesk, download: str, unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    read = bytearray()

    def read_slowly() -> None:
        with open(reading, "rb", buffering=0) as stream:  # noqa: PTH123 - a descriptor
            while block := stream.read(20_000):
                read.extend(block)
                sleep(0.02)

    reader = threading.Thread(target=read_slowly, daemon=True)
    reader.start()
    ended = subprocess.run(
        [*download.split(), "-"],
        env={**clean_environment(), **help_desk.settings, "PYTHONUNBUFFERED": unbuffered},
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
        timeout=60,
    )
    os.close(writing)
    reader.join(timeout=60)
    assert (ended.returncode, len(_problems(ended.stderr))) == (0, 1)
    assert bytes(read) == (help_desk.folder / "tickets.csv").read_bytes()


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs the names that Linux has for descriptors")
def test_names_of_descriptors_get_the_bytes_and_nothing_else(help_desk: HelpDesk, download: str) -> None:
    content = (help_desk.folder / "tickets.csv").read_bytes()
    ended = _in_bash(
        help_desk,
        f"{download} /dev/stdout | wc -c\n"
        f"{download} >(gzip > packed.csv.gz)\n"
        f"{{ echo before; {download} /dev/stdout; echo after; }} > around.txt",
    )
    count, said = ended.stdout.splitlines()
    assert int(count) == len(content)
    assert said.startswith(f"{len(content):,} bytes in /dev/fd/")
    assert gzip.decompress((help_desk.folder / "packed.csv.gz").read_bytes()) == content
    assert (help_desk.folder / "around.txt").read_bytes() == b"before\n" + content + b"after\n"
    assert _problems(ended.stderr) == [f"{len(content):,} bytes in /dev/stdout"] * 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_device_fails_a_download_by_either_way(help_desk: HelpDesk, download: str) -> None:
    named = _in_bash(help_desk, f"{download} /dev/full")
    assert (named.returncode, named.stdout) == (1, "")
    assert _problems(named.stderr) == ["error: /dev/full cannot be written: No space left on device"]
    redirected = _in_bash(help_desk, f"{download} - > /dev/full", PYTHONUNBUFFERED="1")
    assert redirected.returncode == 1
    assert _problems(redirected.stderr) == ["error: standard output cannot be written: No space left on device"]


def test_a_reader_that_has_enough_fails_the_download_without_a_traceback(help_desk: HelpDesk, download: str) -> None:
    ended = _in_bash(help_desk, f"{download} - | head -1 | wc -l; exit ${{PIPESTATUS[0]}}")
    assert (ended.returncode, ended.stdout.strip()) == (1, "1")
    assert _problems(ended.stderr) == ["the reader of standard output has closed it: not all was written"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_progress_that_cannot_be_written_fails_nothing(help_desk: HelpDesk, download: str) -> None:
    ended = _in_bash(help_desk, f"{download} again.csv 2> /dev/full", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (help_desk.folder / "again.csv").read_bytes() == (help_desk.folder / "tickets.csv").read_bytes()
