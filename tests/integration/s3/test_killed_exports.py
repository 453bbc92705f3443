"""A worker that is killed, at whatever request: the next one makes the export, and the sweep removes the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Event

import pytest

from tests.file_rows import FORMATS, rows_in
from tests.integration.s3.stored_desk import ACTOR, REPOSITORY, environment_of, stored_desk
from tests.s3_fixtures import Bucket
from tests.s3_server import S3Request, serve
from ticket_export import TicketExportContainer
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue

_TICKETS = 6


@pytest.fixture
def parts(bucket: Bucket, tmp_path: Path) -> Iterator[TicketExportContainer]:
    with stored_desk(bucket, tmp_path, tickets=_TICKETS) as parts:
        settle(parts)
        yield parts


def settle(parts: TicketExportContainer) -> None:
    """Let time stand still, and nobody else take the export."""
    parts.clock.override(InMemoryClock(datetime.now(UTC)))
    parts.machine_clock.override(parts.clock)
    parts.task_queue.override(InMemoryTaskQueue())


class Killing:
    """Kills the process that asks, at the request `at`, before or after that takes effect."""

    def __init__(self, at: str, *, takes_effect: bool) -> None:
        self._at, self._takes_effect = at, takes_effect
        self._is_known = Event()
        self._pid = 0
        self.seen: list[str] = []

    def aim(self, pid: int) -> None:
        self._pid = pid
        self._is_known.set()

    def __call__(self, request: S3Request) -> Iterable[bytes]:
        step = f"{request.name} owner" if request.path.endswith("/owner.json") else request.name
        self.seen.append(step)
        if step != self._at:
            return request.serve()
        assert self._is_known.wait(60)
        if self._takes_effect:
            request.serve_silently()
        os.kill(self._pid, signal.SIGKILL)
        return request.hang_up()


@pytest.mark.parametrize(
    ("at", "takes_effect"),
    [
        ("PutObject owner", False),
        ("PutObject owner", True),
        ("CreateMultipartUpload", False),
        ("UploadPart 2", False),
        ("CompleteMultipartUpload", False),
        ("CompleteMultipartUpload", True),
        ("PutObject", True),
    ],
)
def test_export_of_a_killed_worker_is_made_by_the_next_and_leaves_nothing_else(
    bucket: Bucket, parts: TicketExportContainer, at: str, takes_effect: bool
) -> None:
    data = made_by_the_next(bucket, parts, "csv", at, takes_effect=takes_effect)
    assert data.count(b"x" * 1_000_000) == _TICKETS


@pytest.mark.parametrize("at", ["UploadPart 2", "CompleteMultipartUpload"])
@pytest.mark.parametrize("file_format", [name for name in FORMATS if name != "csv"])
def test_export_of_a_killed_worker_is_made_by_the_next_in_every_format(
    bucket: Bucket, tmp_path: Path, file_format: str, at: str
) -> None:
    # A cell of a workbook takes 32,767 characters, and what is random stays large when it is packed.
    texts = [b64encode(Random(number).randbytes(24_000)).decode() for number in range(300)]
    with stored_desk(bucket, tmp_path, tickets=len(texts), text=texts.__getitem__) as parts:
        settle(parts)
        data = made_by_the_next(bucket, parts, file_format, at, takes_effect=False)
    assert rows_in(file_format, data) == [[str(number), text] for number, text in enumerate(texts)]


def made_by_the_next(
    bucket: Bucket, parts: TicketExportContainer, file_format: str, at: str, *, takes_effect: bool
) -> bytes:
    """Kill the worker of an export; return the file of the next, besides which nothing is left."""
    view = {"columns": ["id", "description"], "sortField": "id", "file": {"format": file_format}}
    job_id = parts.request_export()(ACTOR, view).id
    bucket.s3.fault = killing = Killing(at, takes_effect=takes_effect)
    command = [sys.executable, "-m", "tests.integration.s3.killed_export", str(job_id)]
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment_of(parts.settings())) as process:
        killing.aim(process.pid)
        assert process.wait(timeout=60) == -signal.SIGKILL
    assert at in killing.seen
    bucket.s3.fault = serve
    assert parts.get_export()(ACTOR, job_id).status == "running"
    clock = parts.clock()
    assert isinstance(clock, InMemoryClock)
    clock.advance(timedelta(hours=1))
    parts.recover_stalled_exports()()
    assert parts.run_export()(job_id).status == "completed"
    clock.advance(timedelta(days=1))
    parts.sweep_orphaned_objects()()
    with parts.open_download()(ACTOR, job_id).stream as stream:
        data = stream.read()
    names = [name for name in bucket.names() if not name.endswith("/owner.json")]
    assert len(names) == 2
    assert all(f"/{job_id}/2/" in name for name in names)
    assert bucket.uploads() == []
    return data
