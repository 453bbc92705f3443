"""The methods that an adapter's tests override for `UnitOfWorkContract`, and the race that its parts run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

import pytest

from ticket_export.application.ports.audit_log import AuditEntry, AuditLog
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user import User
from ticket_export.domain.user_id import UserKeyType
from ticket_export.testing.entities import a_job, a_user

D = TypeVar("D")
R = TypeVar("R")

RACERS = 8


def ids_of(jobs: Iterable[ExportJob]) -> list[UUID]:
    """Sort the ids, to compare jobs that come in any order."""
    return sorted(job.id for job in jobs)


class BackDoor(Generic[D]):
    """The fixture `database` and the ten methods below it, which an adapter's tests override.

    The methods whose names end in ``_behind`` reach the database without the adapter, so that writing and reading
    are proven apart: two mistakes that cancel each other out do not pass.
    """

    #: The type of the users' keys.
    user_key: ClassVar[UserKeyType] = UUID
    #: Whether the users are in a table of the database, as opposed to ``users=None``.
    has_users_table: ClassVar[bool] = True

    @pytest.fixture
    def database(self) -> D:
        """An empty database, as the adapter takes it."""
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
        """An audit log in that database."""
        raise NotImplementedError

    def get_entries_behind(self, database: D) -> Sequence[AuditEntry]:
        """All that the audit log holds, in any order."""
        raise NotImplementedError

    @pytest.fixture
    def requester(self, database: D) -> User:
        """A stored user; jobs may point at it."""
        user = a_user(self.user_key)
        self.put_user_behind(database, user)
        return user

    @pytest.fixture
    def stored_job(self, database: D, requester: User) -> ExportJob:
        """A stored queued job that points only at its requester."""
        job = a_job(requester)
        self.put_job_behind(database, job)
        return job

    def in_table(self, user: User) -> User | None:
        """The user as the database knows them."""
        return user if self.has_users_table else None

    def put_tasks(self, database: D, *tasks: BackgroundTask) -> None:
        for task in tasks:
            self.put_task_behind(database, task)

    def put_jobs(self, database: D, *jobs: ExportJob) -> None:
        for job in jobs:
            self.put_job_behind(database, job)

    def race(self, run: Callable[[int], R]) -> list[R]:
        """Call `run` in many threads at once, each with its own number, and return the results."""
        start = Barrier(RACERS)

        def racer(number: int) -> R:
            start.wait(60)
            return run(number)

        with ThreadPoolExecutor(RACERS) as threads:
            return list(threads.map(racer, range(RACERS)))
