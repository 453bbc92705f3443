"""What the parts of `UnitOfWorkContract` ask of an adapter, and the race that they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Generic, TypeVar
from uuid import UUID

import pytest

from ticket_export.application.ports.audit_log import AuditEntry, AuditLog
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user import User
from ticket_export.testing.entities import a_job, a_user

D = TypeVar("D")
R = TypeVar("R")

RACERS = 8


def ids_of(jobs: Iterable[ExportJob]) -> list[UUID]:
    """In one order, to compare jobs that come in any."""
    return sorted(job.id for job in jobs)


class BackDoor(Generic[D]):
    """The `database` and the ten methods below it, which an adapter's tests give.

    The methods whose names end in ``_behind`` reach the database behind the adapter's back, so that
    writing and reading are proven apart: two mistakes that cancel each other out do not pass.
    """

    @pytest.fixture
    def database(self) -> D:
        """An empty database of the adapter's, in whatever form its own parts take it."""
        raise NotImplementedError

    def unit_of_work(self, database: D) -> UnitOfWork:
        raise NotImplementedError

    def put_user_behind(self, database: D, user: User) -> None:
        raise NotImplementedError

    def put_task_behind(self, database: D, task: BackgroundTask) -> None:
        raise NotImplementedError

    def get_task_behind(self, database: D, task_id: UUID) -> BackgroundTask | None:
        raise NotImplementedError

    def put_media_item_behind(self, database: D, media_item: MediaItem) -> None:
        raise NotImplementedError

    def get_media_item_behind(self, database: D, media_item_id: UUID) -> MediaItem | None:
        raise NotImplementedError

    def put_job_behind(self, database: D, job: ExportJob) -> None:
        raise NotImplementedError

    def get_job_behind(self, database: D, job_id: UUID) -> ExportJob | None:
        raise NotImplementedError

    def audit_log(self, database: D) -> AuditLog:
        """One that is kept in that database."""
        raise NotImplementedError

    def get_entries_behind(self, database: D) -> Sequence[AuditEntry]:
        """All that the audit log holds, in any order."""
        raise NotImplementedError

    @pytest.fixture
    def requester(self, database: D) -> User:
        """A user whom jobs may point at."""
        user = a_user()
        self.put_user_behind(database, user)
        return user

    @pytest.fixture
    def stored_job(self, database: D, requester: User) -> ExportJob:
        """A queued job that is stored, and points at nothing but its requester."""
        job = a_job(requester)
        self.put_job_behind(database, job)
        return job

    def put_tasks(self, database: D, *tasks: BackgroundTask) -> None:
        for task in tasks:
            self.put_task_behind(database, task)

    def put_jobs(self, database: D, *jobs: ExportJob) -> None:
        for job in jobs:
            self.put_job_behind(database, job)

    def race(self, run: Callable[[int], R]) -> list[R]:
        """Let many threads `run` at once, each with a number of its own; gives what each came back with."""
        start = Barrier(RACERS)

        def racer(number: int) -> R:
            start.wait()
            return run(number)

        with ThreadPoolExecutor(RACERS) as threads:
            return list(threads.map(racer, range(RACERS)))
