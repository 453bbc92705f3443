"""Where chaos happens: a help desk in a database of its own, its storage, and the exports that were requested."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import attrs

from ticket_export.application.file.export_file import database_prefix
from ticket_export.container import TicketExportContainer
from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.infrastructure.help_desk.sample_data.loader import load_sample_data
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.settings import Settings

_REQUESTER = "staff@example.test"
_FINAL = [status for status in ExportJobStatus.supported_types() if status.is_final]


def settings_of(folder: Path, database_url: str) -> Settings:
    """Return settings with a local storage, without limits, by which a lost attempt is noticed after a second."""
    return Settings(
        _env_file=None,
        database_url=database_url,
        storage_url=(folder / "storage").as_uri(),
        audit_log="table",
        lease_seconds=1,
        max_attempts=1_000,
        max_active_jobs_per_user=0,
    )


@attrs.frozen
class Arena:
    """`settings` are the workers'; `container` requests exports, and may have another name for the same database.

    All files are below `folder`.
    """

    folder: Path
    settings: Settings
    container: TicketExportContainer

    def close(self) -> None:
        """Close the connections of `container`."""
        self.container.engine().dispose()

    def fill(self, tickets: int) -> None:
        """Create the tables, and so many tickets that are older than any export."""
        upgrade(self.container.engine(), reference_schema=True)
        yesterday = datetime.now(UTC) - timedelta(days=1)
        load_sample_data(self.container.engine(), self.container.tables(), tickets=tickets, seed=1, now=yesterday)

    def request(self, view: Mapping[str, object]) -> UUID:
        """Queue an export of that view; return the job's id."""
        actor = self.container.user_directory().find_by_email(_REQUESTER)
        assert actor is not None
        requested = self.container.request_export()(actor, view)
        assert not requested.already_requested, f"the view {view} was requested before"
        return requested.id

    def unfinished(self) -> int:
        """Return how many exports wait or run."""
        jobs = self.container.tables().export_jobs
        with self.container.engine().connect() as connection:
            query = jobs.select().where(jobs.c.status.not_in(_FINAL)).with_only_columns(jobs.c.id)
            return len(connection.execute(query).all())

    def holders(self) -> list[int]:
        """Return the process ids that hold a lease, or held one when they were killed, in order."""
        tasks = self.container.tables().background_tasks
        is_held = (tasks.c.status == BackgroundTaskStatus.PROCESSING) & tasks.c.leased_by.is_not(None)
        with self.container.engine().connect() as connection:
            names = connection.execute(tasks.select().where(is_held).with_only_columns(tasks.c.leased_by)).scalars()
            return sorted(int(name.rpartition(":")[2]) for name in names)

    @property
    def prefix(self) -> str:
        """The prefix of the keys of its database."""
        with self.container.unit_of_work() as work:
            return database_prefix(work.database.identity().id)

    def read(self, key: str) -> bytes:
        """Return the object with that key."""
        with self.container.storage().open_reader(key) as stream:
            return stream.read()

    def unfinished_files(self) -> int:
        """Return how many files a writer has begun that no reader can see."""
        return sum(path.is_file() for path in (self.folder / "storage" / ".partial").rglob("*"))
