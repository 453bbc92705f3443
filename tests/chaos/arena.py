"""Where chaos happens: a help desk in a database of its own, its storage, and the exports asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import attrs
from dependency_injector.providers import Object
from sqlalchemy import func, make_url, select, text, update

from tests.integration.storage.file_tree import files_below
from ticket_export.application.dto import ExportJobDto
from ticket_export.application.file.export_file import database_prefix
from ticket_export.container import TicketExportContainer
from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.infrastructure.help_desk.sample_data.loader import load_sample_data
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.database.engine import begin_writing
from ticket_export.settings import Settings

_REQUESTER = "staff@example.test"
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
class Arena:
    """Works on any database that `settings` can name; everything else that it makes is below `folder`.

    `settings` are the workers'. On PostgreSQL their connections bear the name `DISTURBED`; those of `container`,
    by which the test looks on, do not.
    """

    folder: Path
    settings: Settings
    container: TicketExportContainer

    @classmethod
    def open(cls, folder: Path, database_url: str) -> Arena:
        """An arena without limits of its own, where lost attempts are noticed after a second."""
        settings = Settings(
            _env_file=None,
            database_url=database_url,
            storage_url=(folder / "storage").as_uri(),
            audit_log="table",
            lease_seconds=1,
            max_attempts=1_000,
            max_active_jobs_per_user=0,
        )
        container = TicketExportContainer()
        container.settings.override(Object(settings))
        return cls(folder, settings.model_copy(update={"database_url": named(database_url, DISTURBED)}), container)

    @property
    def is_postgresql(self) -> bool:
        return self.container.engine().dialect.name == "postgresql"

    def close(self) -> None:
        self.container.engine().dispose()

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

    def fill(self, tickets: int) -> None:
        """Create the tables, and so many tickets that are older than any export."""
        upgrade(self.container.engine(), reference_schema=True)
        yesterday = datetime.now(UTC) - timedelta(days=1)
        load_sample_data(self.container.engine(), self.container.tables(), tickets=tickets, seed=1, now=yesterday)

    def request(self, view: Mapping[str, object]) -> UUID:
        """Queue an export of that view; gives the job's id."""
        actor = self.container.user_directory().find_by_email(_REQUESTER)
        assert actor is not None
        requested = self.container.request_export()(actor, view)
        assert not requested.already_requested, f"the view {view} is not the only one of its kind"
        return requested.id

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

    def unfinished(self) -> int:
        """How many exports wait or run."""
        jobs = self.container.tables().export_jobs
        final = [status for status in ExportJobStatus.supported_types() if status.is_final]
        with self.container.engine().connect() as connection:
            counted = select(func.count()).select_from(jobs).where(jobs.c.status.not_in(final))
            return int(connection.execute(counted).scalar_one())

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

    @property
    def prefix(self) -> str:
        """The prefix of the keys of its database."""
        with self.container.unit_of_work() as work:
            return database_prefix(work.database.identity().id)

    def read(self, key: str) -> bytes:
        with self.container.storage().open_reader(key) as stream:
            return stream.read()

    def unfinished_files(self) -> int:
        """How many files a writer has begun that nobody can read."""
        return sum(path.startswith(".partial/") for path in files_below(self.folder / "storage"))


def named(database_url: str, name: str) -> str:
    """The URL, with a name for its connections on PostgreSQL; SQLite has no connections to name."""
    url = make_url(database_url)
    if url.get_backend_name() != "postgresql":
        return database_url
    return url.update_query_dict({"application_name": name}).render_as_string(hide_password=False)
