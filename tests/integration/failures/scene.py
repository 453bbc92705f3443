"""A help desk on real parts, SQLite and files, with one export requested among others."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from dependency_injector.providers import Object

from tests.file_rows import rows_in
from tests.reference_help_desk import ReferenceTicket, store_people, store_tickets
from ticket_export import Actor, ExportJobDto, Settings, SystemPermissions, TicketExportContainer
from ticket_export.application.run.progress import Progress
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.migrate import upgrade

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: Enough for several blocks, and for more than a page of any buffer.
TICKETS = 4_000
VIEW: dict[str, Any] = {"columns": ["id", "title", "tags", "contactName", "creationTime"]}


class FailureScene:
    """`job_id` waits to be run; another job has completed, and one waits."""

    def __init__(self, folder: Path, file_format: str = "csv") -> None:
        self.file_format = file_format
        self.database = folder / "desk.db"
        self.files = folder / "files"
        self.container = TicketExportContainer()
        self.container.settings.override(
            Object(Settings(database_url=f"sqlite:///{self.database}", storage_url=self.files.as_uri()))
        )
        self.container.clock.override(InMemoryClock(NOW))
        self.container.task_queue.override(InMemoryTaskQueue())
        upgrade(self.container.engine(), reference_schema=True)
        self._fill()
        self.actor = Actor(user_id=UUID(int=1), is_admin=True, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)
        self.completed = self.request()
        assert self.run(self.completed).status == "completed"
        self.waiting = self.request()
        self.job_id = self.request()
        self._before = self._others()

    def _fill(self) -> None:
        engine, tables = self.container.engine(), self.container.tables()
        store_people(engine, tables)
        with engine.begin() as connection:
            connection.execute(tables.users.update().values(is_admin=True))
            role = {"id": UUID(int=9), "label": "R", "developer_name": "r", "system_permissions": 512}
            connection.execute(tables.roles.insert(), role)
            connection.execute(tables.role_user.insert(), {"roles_id": UUID(int=9), "users_id": UUID(int=1)})
        store_tickets(
            engine,
            tables,
            [
                ReferenceTicket(id=number, title=f"ticket {number} " + "x" * 200, tags=("a", "b"), contact=0)
                for number in range(TICKETS)
            ],
        )

    def request(self) -> UUID:
        # Each from a view of its own: the same view, asked for again, is the same job.
        return self.container.request_export()(
            self.actor, {**VIEW, "viewId": str(uuid4()), "file": {"format": self.file_format}}
        ).id

    def run(self, job_id: UUID, on_progress: Callable[[Progress], None] = lambda _progress: None) -> ExportJobDto:
        return self.container.run_export()(job_id, on_progress=on_progress)

    def run_with(self, happen: Callable[[], None], *, after_blocks: int = 1) -> ExportJobDto:
        """Run the job; let it happen once that many blocks are written."""
        reports = 0

        def listen(_progress: Progress) -> None:
            nonlocal reports
            reports += 1
            if reports == after_blocks + 1:  # the first report is of the counting
                happen()

        answer = self.run(self.job_id, listen)
        assert reports > after_blocks, "the export ended before anything could happen"
        return answer

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Behind SQLAlchemy's back."""
        with closing(sqlite3.connect(self.database, timeout=10)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def shown(self, job_id: UUID) -> ExportJobDto:
        return self.container.get_export()(self.actor, job_id)

    def download(self, job_id: UUID) -> bytes:
        with self.container.open_download()(self.actor, job_id).stream as stream:
            return stream.read()

    def _others(self) -> object:
        jobs = self.sql('SELECT * FROM "ExportJobs" WHERE "Id" != ? ORDER BY "Id"', self.job_id.hex)
        (task_id,) = self.sql('SELECT "BackgroundTaskId" FROM "ExportJobs" WHERE "Id" = ?', self.job_id.hex)[0]
        tasks = self.sql('SELECT * FROM "BackgroundTasks" WHERE "Id" != ? ORDER BY "Id"', task_id)
        return jobs, tasks, self.sql('SELECT * FROM "MediaItems"')

    def claim_failed_safely(self, message: str) -> None:
        shown = self.shown(self.job_id)
        assert (shown.status, shown.error_message) == ("failed", message)
        for unsafe in (str(self.files.parent), "sqlite", "SELECT", "Traceback", "Errno"):
            assert unsafe not in message
        self.claim_nothing_readable()
        assert self._others() == self._before

    def claim_nothing_readable(self) -> None:
        left = [path for path in self.files.rglob("*") if path.is_file() and str(self.job_id) in str(path)]
        assert left == []
        partial = self.files / ".partial"
        assert (list(partial.iterdir()) if partial.is_dir() else []) == []

    def claim_the_other_can_be_downloaded(self) -> None:
        assert len(rows_in(self.file_format, self.download(self.completed))) == TICKETS

    def claim_another_export_works(self) -> None:
        self.container.clock().advance(timedelta(seconds=1))  # type: ignore[attr-defined]
        assert self.run(self.waiting).status == "completed"

    def close(self) -> None:
        self.container.engine().dispose()


def logged(caplog: pytest.LogCaptureFixture, scene: FailureScene) -> str:
    """What the log has under the job's id, tracebacks included."""
    return "\n".join(
        caplog.handler.format(record)
        for record in caplog.records
        if getattr(record, "job_id", None) == str(scene.job_id)
    )
