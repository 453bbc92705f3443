"""A commit whose answer is lost while the server is still at it: who asks what became of it gets the final answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from dependency_injector.providers import Factory, Object
from sqlalchemy import Connection, Engine

from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from ticket_export import ExportJobStatus, Settings, TicketExportContainer, load_sample_data
from ticket_export.application.file.export_file import attempt_of
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.persistence.database.engine import commit
from ticket_export.infrastructure.persistence.tables import Tables
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork

# Seconds.
_PATIENCE = 60
_WAITING = """
    SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()
"""


@attrs.define
class LostAnswer:
    """What happens to the one transaction that completes an export: it goes on, and nobody hears how it ends."""

    rows: PostgresqlRows
    threads: ThreadPoolExecutor
    takes_effect: bool
    end: Future[None] | None = None

    def lose(self, connection: Connection, transaction: ExitStack) -> None:
        self.end = self.threads.submit(self._go_on, connection, transaction)
        raise JobDatabaseError("the connection is lost")

    def _go_on(self, connection: Connection, transaction: ExitStack) -> None:
        deadline = time.monotonic() + _PATIENCE
        # Until somebody asks, which is the very moment in which a plain look sees the old state.
        while not self.rows.run(_WAITING):
            assert time.monotonic() < deadline, "nobody waits for the end of the commit"
            time.sleep(0.005)
        with transaction:
            if self.takes_effect:
                commit(connection)


class _UnitOfWork(SqlAlchemyUnitOfWork):
    def __init__(self, lost: LostAnswer, engine: Engine, tables: Tables) -> None:
        super().__init__(engine, tables)
        self._lost = lost

    def commit(self) -> None:
        if self._lost.end is None and self._completes():
            going_on, transaction = self._connection, self._resources
            self._connection = self._begin()
            self._lost.lose(going_on, transaction)
        super().commit()

    def _completes(self) -> bool:
        jobs = self._tables.export_jobs
        found = self._connection.execute(jobs.select().where(jobs.c.status == ExportJobStatus.COMPLETED))
        return found.first() is not None


@pytest.fixture
def lost(rows: PostgresqlRows, request: pytest.FixtureRequest) -> Iterator[LostAnswer]:
    with ThreadPoolExecutor(1) as threads:
        yield LostAnswer(rows, threads, takes_effect=request.param)


@pytest.fixture
def container(postgresql_url: str, tmp_path: Path, lost: LostAnswer) -> Iterator[TicketExportContainer]:
    container = TicketExportContainer()
    container.settings.override(Object(Settings(database_url=postgresql_url, storage_url=tmp_path.as_uri())))
    container.task_queue.override(InMemoryTaskQueue())
    container.unit_of_work.override(Factory(_UnitOfWork, lost, container.engine, container.tables))
    load_sample_data(container.engine(), container.tables(), tickets=10, seed=1, now=datetime.now(UTC))
    yield container
    container.engine().dispose()


@pytest.mark.parametrize("lost", [True, False], indirect=True, ids=["takes effect", "is undone"])
def test_file_stays_if_and_only_if_the_job_points_at_it(container: TicketExportContainer, lost: LostAnswer) -> None:
    actor = container.user_directory().find_by_email("admin@example.test")
    assert actor is not None
    job_id = container.request_export()(actor, {"columns": ["id", "title"]}).id
    if lost.takes_effect:
        job = container.run_export()(job_id)
        assert (job.status, bool(job.row_count)) == ("completed", True)
        with container.open_download()(actor, job_id).stream as stream:
            assert len(stream.read()) == job.length
    else:
        with pytest.raises(JobDatabaseError, match="the connection is lost"):
            container.run_export()(job_id)
        assert container.get_export()(actor, job_id).status == "running"
        assert [key for key in container.storage().list("exports/") if attempt_of(key)] == []
    assert lost.end is not None
    lost.end.result(_PATIENCE)
