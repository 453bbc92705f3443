"""A unit of work on PostgreSQL is a transaction of its own, whatever the host's engine is set to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.errors import JobDatabaseError, LeaseLostError
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import NOW, a_job, a_task, a_user


@pytest.fixture(params=["AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def level(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def host_engine(engine: Engine, level: str) -> Iterator[Engine]:
    """An engine as a host would make it."""
    host = sa.create_engine(engine.url, isolation_level=level)
    yield host
    host.dispose()


def test_what_was_not_committed_is_undone(host_engine: Engine, rows: PostgresqlRows) -> None:
    task = a_task()
    with SqlAlchemyUnitOfWork(host_engine) as unit_of_work:
        unit_of_work.tasks.add(task)
        assert rows.get(BackgroundTask, task.id) is None
    assert rows.get(BackgroundTask, task.id) is None


def test_a_job_that_cannot_be_stored_takes_its_task_along(host_engine: Engine, rows: PostgresqlRows) -> None:
    task = a_task()
    with pytest.raises(JobDatabaseError, match="not stored"), SqlAlchemyUnitOfWork(host_engine) as unit_of_work:
        unit_of_work.tasks.add(task)
        unit_of_work.jobs.add(a_job(a_user(), background_task_id=task.id))
        unit_of_work.commit()
    assert rows.get(BackgroundTask, task.id) is None


def test_a_task_that_was_found_is_kept_from_others_until_the_end(host_engine: Engine, rows: PostgresqlRows) -> None:
    task = BackgroundTask(name="export", creation_time=NOW)
    rows.put(task)
    with SqlAlchemyUnitOfWork(host_engine) as first:
        assert first.tasks.next_enqueued("export") == task
        with SqlAlchemyUnitOfWork(host_engine) as second:
            assert not second.tasks.remove(task.id)
    with SqlAlchemyUnitOfWork(host_engine) as third:
        assert third.tasks.remove(task.id)


def test_a_job_that_moved_on_since_it_was_read_is_lost_and_not_a_failure(
    host_engine: Engine, rows: PostgresqlRows
) -> None:
    requester = a_user()
    job, task = a_job(requester), BackgroundTask(name="export", creation_time=NOW)
    for entity in (requester, job, task):
        rows.put(entity)
    with SqlAlchemyUnitOfWork(host_engine) as unit_of_work:
        assert unit_of_work.jobs.find(job.id) == job
        found = unit_of_work.tasks.find(task.id)
        assert found == task
        rows.run('UPDATE "ExportJobs" SET "Status" = \'failed\'')
        rows.run('UPDATE "BackgroundTasks" SET "FencingToken" = 7')
        with pytest.raises(LeaseLostError):
            unit_of_work.jobs.update(attrs.evolve(job, row_count=1), was=ExportJobStatus.QUEUED)
        found.claim(NOW, worker="w", lease=timedelta(seconds=30))
        with pytest.raises(LeaseLostError):
            unit_of_work.tasks.update(found, fencing_token=0)
    stored = rows.get(ExportJob, job.id)
    assert stored is not None
    assert stored.row_count is None


def test_the_hosts_own_connections_keep_its_level(host_engine: Engine, level: str) -> None:
    with SqlAlchemyUnitOfWork(host_engine) as unit_of_work:
        unit_of_work.tasks.add(a_task())
        unit_of_work.commit()
    with host_engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        assert driver.autocommit == (level == "AUTOCOMMIT")
        assert connection.get_isolation_level() == (level if level != "AUTOCOMMIT" else "READ COMMITTED")
