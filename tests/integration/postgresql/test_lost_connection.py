"""What ends a connection that reads tickets costs an attempt; what every attempt would meet again fails the export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from benchmarks.fill.loader import load_many
from dependency_injector.providers import Factory, Object
from sqlalchemy import Engine

from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from ticket_export import ExportJobDto, Settings, TicketExportContainer, create_engine
from ticket_export.application.file.export_file import attempt_of
from ticket_export.application.run.progress import Progress
from ticket_export.errors import TicketsUnavailableError
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource

# More than any buffer between the server and the reader holds, so that a COPY is under way for long.
_TICKETS = 20_000
_READER = "ticket reader"
_VIEW = {"columns": ["id", "title", "description"]}


@pytest.fixture
def reading(postgresql_url: str) -> Iterator[Engine]:
    """An engine of the tickets' own, whose connections can be told from those of the jobs."""
    engine = create_engine(f"{postgresql_url}&application_name={_READER}")
    yield engine
    engine.dispose()


@pytest.fixture
def container(postgresql_url: str, tmp_path: Path, reading: Engine) -> Iterator[TicketExportContainer]:
    container = TicketExportContainer()
    container.settings.override(Object(Settings(database_url=postgresql_url, storage_url=tmp_path.as_uri())))
    container.task_queue.override(InMemoryTaskQueue())
    container.ticket_source.override(Factory(SqlAlchemyTicketSource, reading, container.catalog))
    load_many(container.engine(), container.tables(), tickets=_TICKETS, seed=1, now=datetime.now(UTC))
    yield container
    container.engine().dispose()


@pytest.fixture
def job_id(container: TicketExportContainer) -> UUID:
    actor = container.user_directory().find_by_email("admin@example.test")
    assert actor is not None
    return container.request_export()(actor, _VIEW).id


def once_a_block_is_read(do: Callable[[], object]) -> Callable[[Progress], None]:
    todo = [do]

    def listen(progress: Progress) -> None:
        if progress.rows and todo:
            todo.pop()()

    return listen


def show(container: TicketExportContainer, job_id: UUID) -> tuple[ExportJobDto, int]:
    with container.unit_of_work() as work:
        job = work.jobs.find(job_id)
    assert job is not None
    assert job.background_task is not None
    return ExportJobDto.of(job), job.background_task.number_of_retries


def test_connection_that_is_terminated_costs_an_attempt(
    container: TicketExportContainer, job_id: UUID, rows: PostgresqlRows
) -> None:
    def terminate() -> None:
        ended = rows.run(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = %s", _READER
        )
        assert len(ended) == 1

    with pytest.raises(TicketsUnavailableError):
        container.run_export()(job_id, on_progress=once_a_block_is_read(terminate))
    job, lost_attempts = show(container, job_id)
    assert (job.status, lost_attempts) == ("queued", 1)
    assert [key for key in container.storage().list("exports/") if attempt_of(key)] == []
    job = container.run_export()(job_id)
    assert (job.status, bool(job.row_count)) == ("completed", True)


def test_server_that_lets_nobody_in_costs_all_attempts(
    container: TicketExportContainer, job_id: UUID, rows: PostgresqlRows, reading: Engine, postgresql_url: str
) -> None:
    elsewhere = create_engine(postgresql_url.replace("ticket_export_test_", "nowhere_"))
    with container.ticket_source.override(Factory(SqlAlchemyTicketSource, elsewhere, container.catalog)):
        for _ in range(2):
            with pytest.raises(TicketsUnavailableError):
                container.run_export()(job_id)
        job = container.run_export()(job_id)
    assert job.status == "failed"
    assert job.error_message == (
        "The export was given up; attempts that were lost: 3. "
        "The tickets could not be read: their database was unavailable or busy."
    )


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (
            "statement_timeout = '1ms'",
            "The tickets could not be read: the database's time limit (statement_timeout) ended the query.",
        ),
        ("role = pg_monitor", "The tickets could not be read from the database."),
    ],
    ids=["time-out", "no right to read"],
)
def test_what_every_attempt_would_meet_again_fails_the_export_at_once(
    container: TicketExportContainer, job_id: UUID, rows: PostgresqlRows, setting: str, told: str, postgresql_url: str
) -> None:
    database = container.engine().url.database
    rows.run(f'ALTER DATABASE "{database}" SET {setting}')
    reading = create_engine(postgresql_url)
    with container.ticket_source.override(Factory(SqlAlchemyTicketSource, reading, container.catalog)):
        job = container.run_export()(job_id)
    reading.dispose()
    assert (job.status, job.error_message) == ("failed", told)
    assert show(container, job_id)[1] == 0
