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
from uuid import UUID

import pytest
from dependency_injector.providers import Object

from tests.reference_help_desk import ReferenceTicket, store_people, store_tickets
from tests.s3_fixtures import ENVIRONMENT, Bucket
from tests.s3_server import S3Request, serve
from ticket_export import Actor, SystemPermissions, TicketExportContainer
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.migrate import upgrade

_REPOSITORY = Path(__file__).parents[3]
_ACTOR = Actor(user_id=UUID(int=1), is_admin=True, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)
_TICKETS = 6


@pytest.fixture
def parts(bucket: Bucket, tmp_path: Path) -> Iterator[TicketExportContainer]:
    parts = TicketExportContainer()
    parts.settings.override(Object(bucket.settings(database_url=f"sqlite:///{tmp_path / 'desk.db'}")))
    parts.clock.override(InMemoryClock(datetime.now(UTC)))
    parts.machine_clock.override(parts.clock)
    parts.task_queue.override(InMemoryTaskQueue())
    upgrade(parts.engine(), reference_schema=True)
    engine, tables = parts.engine(), parts.tables()
    store_people(engine, tables)
    with engine.begin() as connection:
        connection.execute(tables.users.update().values(is_admin=True))
        role = {"id": UUID(int=9), "label": "R", "developer_name": "r", "system_permissions": 512}
        connection.execute(tables.roles.insert(), role)
        connection.execute(tables.role_user.insert(), {"roles_id": UUID(int=9), "users_id": UUID(int=1)})
    tickets = [ReferenceTicket(id=number, description="x" * 1_000_000, contact=0) for number in range(_TICKETS)]
    store_tickets(engine, tables, tickets)
    yield parts
    engine.dispose()


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
        self.seen.append(request.name)
        if request.name != self._at:
            return request.serve()
        self._is_known.wait()
        if self._takes_effect:
            request.serve_silently()
        os.kill(self._pid, signal.SIGKILL)
        return request.hang_up()


@pytest.mark.parametrize(
    ("at", "takes_effect"),
    [
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
    job_id = parts.request_export()(_ACTOR, {"columns": ["id", "description"]}).id
    bucket.s3.fault = killing = Killing(at, takes_effect=takes_effect)
    settings = parts.settings()
    environment = {
        **ENVIRONMENT,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{_REPOSITORY}:{_REPOSITORY / 'src'}",
        "TICKET_EXPORT_DATABASE_URL": settings.database_url,
        "TICKET_EXPORT_STORAGE_URL": settings.storage_url,
        "TICKET_EXPORT_S3_ENDPOINT_URL": settings.s3_endpoint_url or "",
    }
    command = [sys.executable, "-m", "tests.integration.s3.killed_export", str(job_id)]
    with subprocess.Popen(command, cwd=_REPOSITORY, env=environment) as process:
        killing.aim(process.pid)
        assert process.wait(timeout=60) == -signal.SIGKILL
    assert at in killing.seen
    bucket.s3.fault = serve
    assert parts.get_export()(_ACTOR, job_id).status == "running"
    clock = parts.clock()
    assert isinstance(clock, InMemoryClock)
    clock.advance(timedelta(hours=1))
    parts.recover_stalled_exports()()
    assert parts.run_export()(job_id).status == "completed"
    clock.advance(timedelta(days=1))
    parts.sweep_orphaned_objects()()
    with parts.open_download()(_ACTOR, job_id).stream as stream:
        assert stream.read().count(b"x" * 1_000_000) == _TICKETS
    assert len(bucket.names()) == 2
    assert all(f"/{job_id}/2/" in name for name in bucket.names())
    assert bucket.uploads() == []
