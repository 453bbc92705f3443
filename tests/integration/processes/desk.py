"""A help desk in a real database, for tests that disturb it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from dependency_injector.providers import Object

from ticket_export import Actor, Settings, TicketExportContainer, load_sample_data, upgrade
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.ports import ExportJob

VIEW = {"columns": ["id", "title"]}


class Desk:
    """`container` works on `url`; so do those that `another` makes, like other processes."""

    def __init__(self, url: str, folder: Path, **settings: object) -> None:
        self._folder = folder
        self._settings = settings
        self._containers: list[TicketExportContainer] = []
        self.container = self.another(url)

    def another(self, url: str, **settings: object) -> TicketExportContainer:
        container = TicketExportContainer()
        merged = {"storage_url": (self._folder / "files").as_uri(), **self._settings, **settings}
        container.settings.override(Object(Settings(database_url=url, **merged)))  # type: ignore[arg-type]
        container.task_queue.override(InMemoryTaskQueue())
        self._containers.append(container)
        return container

    def fill(self, tickets: int = 50) -> None:
        now = datetime.now(UTC)
        upgrade(self.container.engine(), reference_schema=True)
        load_sample_data(self.container.engine(), self.container.tables(), tickets=tickets, seed=1, now=now)

    @property
    def actor(self) -> Actor:
        actor = self.container.user_directory().find_by_email("admin@example.test")
        assert actor is not None
        return actor

    def request(self) -> UUID:
        """Each is of a view of its own."""
        return self.container.request_export()(self.actor, {**VIEW, "viewId": str(uuid4())}).id

    def job(self, job_id: UUID) -> ExportJob:
        with self.container.unit_of_work() as work:
            job = work.jobs.find(job_id)
        assert job is not None
        return job

    def status(self, job_id: UUID) -> str:
        return self.job(job_id).status.developer_name

    def close(self) -> None:
        for each in self._containers:
            each.engine().dispose()


@contextmanager
def opened(url: str, folder: Path, **settings: object) -> Iterator[Desk]:
    desk = Desk(url, folder, max_active_jobs_per_user=0, **settings)
    desk.fill()
    try:
        yield desk
    finally:
        desk.close()
