"""A worker that is killed in the middle of a file, as by the out-of-memory killer."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.storage.file_tree import files_below
from ticket_export.errors import ObjectNotFoundError
from ticket_export.infrastructure.storage.local.storage import LocalStorage

KEY = "exports/job/1/tickets.csv"
_HALF = 1_000_000
_WRITER = f"""
import sys, time
from pathlib import Path
from ticket_export.infrastructure.storage.local.storage import LocalStorage

with LocalStorage(Path(sys.argv[1])).open_writer({KEY!r}, "text/csv") as writer:
    writer.write(b"x" * {_HALF})
    print("written", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def killed_root(root: Path) -> Path:
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(root)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    return root


def test_killed_writer_leaves_bytes_that_nobody_can_read(killed_root: Path, storage: LocalStorage) -> None:
    assert [len(data) for data in files_below(killed_root).values()] == [_HALF]  # it was in the middle
    assert list(storage.list("")) == []
    with pytest.raises(ObjectNotFoundError), storage.open_reader(KEY):
        pass


def test_second_attempt_after_a_kill_writes_the_file(killed_root: Path, storage: LocalStorage) -> None:
    with storage.open_writer(KEY, "text/csv") as writer:
        writer.write(b"whole")
    assert (killed_root / KEY).read_bytes() == b"whole"


def test_sweep_removes_what_a_killed_writer_left_once_it_is_old(killed_root: Path, storage: LocalStorage) -> None:
    assert storage.discard_stale(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert len(files_below(killed_root)) == 1
    assert storage.discard_stale(datetime.now(UTC) + timedelta(seconds=5)) == 1
    assert files_below(killed_root) == {}


def test_sweep_of_an_unused_storage_finds_nothing(root: Path, storage: LocalStorage) -> None:
    assert storage.discard_stale(datetime.fromtimestamp(time.time(), UTC)) == 0
    assert not root.exists()


def test_writer_whose_bytes_were_swept_away_fails_and_leaves_what_was_there(storage: LocalStorage) -> None:
    with storage.open_writer(KEY, "text/csv") as writer:
        writer.write(b"earlier")
    with (
        pytest.raises(OSError, match="could not be written"),
        storage.open_writer(KEY, "text/csv") as writer,
    ):
        writer.write(b"later")
        assert storage.discard_stale(datetime.now(UTC) + timedelta(seconds=5)) == 1
    with storage.open_reader(KEY) as stream:
        assert stream.read() == b"earlier"
