"""A worker that is killed, at whatever request: the next one makes the export, and the sweep removes the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

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
        parts.clock.override(InMemoryClock(datetime.now(UTC)))
        parts.machine_clock.override(parts.clock)
        parts.task_queue.override(InMemoryTaskQueue())
        yield parts


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
        self._is_known.wait()
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
    job_id = parts.request_export()(ACTOR, {"columns": ["id", "description"]}).id
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
        assert stream.read().count(b"x" * 1_000_000) == _TICKETS
    names = [name for name in bucket.names() if not name.endswith("/owner.json")]
    assert len(names) == 2
    assert all(f"/{job_id}/2/" in name for name in names)
    assert bucket.uploads() == []
