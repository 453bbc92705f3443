"""The arena of the chaos kit, with what only these tests look at and disturb."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import attrs
from sqlalchemy import func, make_url, select, text, update

from ticket_export.application.dto import ExportJobDto
from ticket_export.container import TicketExportContainer
from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.infrastructure.persistence.database.engine import begin_writing
from ticket_export.settings import Settings
from ticket_export.testing.engines import arena

#: The name of connections that a test may end.
DISTURBED = "ticket-export chaos"
#: The same for those of the writers, so that a test can tell them from the workers'.
WRITING = f"{DISTURBED}, writer"
_CONNECTIONS = text("""
    SELECT pid, state = 'active' AND query LIKE 'COPY%', state <> 'idle', application_name = :writing
    FROM pg_stat_activity
    WHERE datname = current_database() AND application_name IN (:name, :writing) AND state IS NOT NULL
""")


@attrs.frozen
class Held:
    """An attempt: its job and its fencing token."""

    job_id: UUID
    token: int


@attrs.frozen
class Backend:
    """A connection to PostgreSQL, seen from the server.

    Its process, whether it does a COPY, or a transaction, and whether it is a writer's.
    """

    pid: int
    copies: bool
    is_busy: bool
    is_writers: bool


@attrs.frozen
class Arena(arena.Arena):
    """On PostgreSQL the workers' connections bear the name `DISTURBED`; those of `container` do not."""

    @classmethod
    def open(cls, folder: Path, database_url: str) -> Arena:
        settings = arena.settings_of(folder, database_url)
        workers = settings.model_copy(update={"database_url": named(database_url, DISTURBED)})
        return cls(folder, workers, TicketExportContainer(settings=settings))

    @property
    def is_postgresql(self) -> bool:
        return self.container.engine().dialect.name == "postgresql"

    def connections(self) -> list[Backend]:
        """Those of the workers, and of whoever else is to be disturbed; SQLite has none."""
        if not self.is_postgresql:
            return []
        with self.container.engine().connect() as connection:
            return [Backend(*row) for row in connection.execute(_CONNECTIONS, {"name": DISTURBED, "writing": WRITING})]

    def terminate(self, backend: Backend) -> bool:
        """End the connection as an administrator does; gives whether it was still there."""
        with self.container.engine().connect() as connection:
            return bool(connection.execute(select(func.pg_terminate_backend(backend.pid))).scalar_one())

    def with_lease(self, seconds: float) -> Settings:
        """The settings, with another lease."""
        return self.settings.model_copy(update={"lease_seconds": seconds})

    def show(self, job_id: UUID) -> ExportJobDto:
        """The job as it is stored now."""
        with self.container.unit_of_work() as work:
            job = work.jobs.find(job_id)
        assert job is not None
        return ExportJobDto.of(job)

    def end_lease(self, job_id: UUID) -> None:
        """Let it be later than the lease of the job's attempt, if there is one."""
        jobs, tasks = self.container.tables().export_jobs, self.container.tables().background_tasks
        task_id = select(jobs.c.background_task_id).where(jobs.c.id == job_id).scalar_subquery()
        leased = (tasks.c.id == task_id) & tasks.c.leased_until.is_not(None)
        with begin_writing(self.container.engine().connect()) as connection:
            connection.execute(update(tasks).where(leased).values(leased_until=datetime.now(UTC)))
            connection.commit()

    def end_leases(self) -> None:
        """Let it be later than all leases."""
        tasks = self.container.tables().background_tasks
        with begin_writing(self.container.engine().connect()) as connection:
            over = update(tasks).where(tasks.c.leased_until.is_not(None)).values(leased_until=datetime.now(UTC))
            connection.execute(over)
            connection.commit()

    def has_lost_an_attempt(self) -> bool:
        """Whether an export has lost its connection while it was read."""
        tasks = self.container.tables().background_tasks
        with self.container.engine().connect() as connection:
            lost = select(func.count()).select_from(tasks).where(tasks.c.number_of_retries > 0)
            return connection.execute(lost).scalar_one() > 0

    def held_by(self, pid: int) -> Held | None:
        """What the worker process of that number holds, or held when it died.

        The latest, if there are several: the answer to a claim may have been lost in a silent network.
        """
        jobs, tasks = self.container.tables().export_jobs, self.container.tables().background_tasks
        held = (
            select(jobs.c.id, tasks.c.fencing_token)
            .join_from(jobs, tasks, jobs.c.background_task_id == tasks.c.id)
            .where(tasks.c.status == BackgroundTaskStatus.PROCESSING, tasks.c.leased_by.endswith(f":{pid}"))
            .order_by(tasks.c.leased_until.desc())
        )
        with self.container.engine().connect() as connection:
            row = connection.execute(held).first()
        return Held(*row) if row else None

    def objects_of(self, job_id: UUID, token: int | None = None) -> list[str]:
        """The keys of what the job's attempts, or the one with that fencing token, have published."""
        attempt = "" if token is None else f"{token}/"
        return list(self.container.storage().list(f"{self.prefix}{job_id}/{attempt}"))


def named(database_url: str, name: str) -> str:
    """The URL, with a name for its connections on PostgreSQL; SQLite has no connections to name."""
    url = make_url(database_url)
    if url.get_backend_name() != "postgresql":
        return database_url
    return url.update_query_dict({"application_name": name}).render_as_string(hide_password=False)
