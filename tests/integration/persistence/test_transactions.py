"""What SQLite's transactions promise, seen from two connections at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.errors import JobDatabaseError, LeaseLostError
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES, build_help_desk_tables
from ticket_export.infrastructure.persistence.database.engine import create_engine, for_writing
from ticket_export.infrastructure.persistence.host_tables import HostTable, HostTableNames
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import NOW, a_job, a_task, a_user

TEAMS = REFERENCE_TABLES.teams


def number_of_teams(connection: Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(TEAMS)).scalar_one()


def test_of_two_connections_that_update_a_job_one_is_refused(path: Path, engine: Engine, rows: SqliteRows) -> None:
    requester = a_user()
    job = a_job(requester)
    rows.put(requester)
    rows.put(job)
    other_engine = create_engine(f"sqlite:///{path}")
    first_has_updated, results = Event(), []

    def second() -> None:
        assert first_has_updated.wait(60)
        with SqlAlchemyUnitOfWork(other_engine) as unit_of_work:
            # Waits for the first to commit, then finds the job moved on.
            with pytest.raises(LeaseLostError):
                unit_of_work.jobs.update(attrs.evolve(job, row_count=2), was=ExportJobStatus.QUEUED)
            results.append("refused")

    with ThreadPoolExecutor(1) as threads:
        with SqlAlchemyUnitOfWork(engine) as unit_of_work:
            started = attrs.evolve(job, status=ExportJobStatus.RUNNING, row_count=1)
            unit_of_work.jobs.update(started, was=ExportJobStatus.QUEUED)
            waiting = threads.submit(second)
            first_has_updated.set()
            unit_of_work.commit()
        waiting.result(timeout=60)
    other_engine.dispose()
    assert results == ["refused"]
    assert rows.get(ExportJob, job.id) == started


def test_a_reader_keeps_its_snapshot_while_others_write(engine: Engine, rows: SqliteRows) -> None:
    with engine.connect() as reader:
        assert number_of_teams(reader) == 0
        rows.run("INSERT INTO \"Teams\" VALUES ('a', 'Billing')")
        assert number_of_teams(reader) == 0
    with engine.connect() as reader:
        assert number_of_teams(reader) == 1


def test_an_open_reader_does_not_keep_a_unit_of_work_waiting(engine: Engine, rows: SqliteRows) -> None:
    task = a_task()
    with engine.connect() as reader:
        assert number_of_teams(reader) == 0
        with SqlAlchemyUnitOfWork(engine) as unit_of_work:
            unit_of_work.tasks.add(task)
            unit_of_work.commit()
    assert rows.get(BackgroundTask, task.id) == task


def test_a_unit_of_work_that_read_first_can_still_write_after_others_wanted_to(
    engine: Engine, rows: SqliteRows
) -> None:
    task = BackgroundTask(name="export", creation_time=NOW)
    rows.put(task)
    intruded = []

    def intrude() -> None:
        rows.run("INSERT INTO \"Teams\" VALUES ('a', 'Billing')")
        intruded.append(True)

    with ThreadPoolExecutor(1) as threads:
        with SqlAlchemyUnitOfWork(engine) as unit_of_work:
            found = unit_of_work.tasks.find(task.id)
            assert found is not None
            intruder = threads.submit(intrude)
            found.claim(NOW, worker="w", lease=timedelta(seconds=30))
            unit_of_work.tasks.update(found, fencing_token=0)
            assert intruded == []
            unit_of_work.commit()
        intruder.result(timeout=60)
    stored = rows.get(BackgroundTask, task.id)
    assert stored is not None
    assert stored.leased_by == "w"


def test_without_for_writing_such_a_transaction_fails_at_once(engine: Engine, rows: SqliteRows) -> None:
    # The reason why units of work begin as they do; if this ever passes, `for_writing` can go.
    with engine.connect() as connection:
        assert number_of_teams(connection) == 0
        rows.run("INSERT INTO \"Teams\" VALUES ('a', 'Billing')")
        with pytest.raises(OperationalError, match="locked"):
            connection.execute(sa.delete(TEAMS))
    with engine.connect() as connection:
        assert number_of_teams(for_writing(connection)) == 1
        connection.execute(sa.delete(TEAMS))
        connection.commit()
    assert rows.run('SELECT * FROM "Teams"') == []


def test_a_connection_goes_back_to_the_pool_without_the_write_lock(engine: Engine, rows: SqliteRows) -> None:
    with SqlAlchemyUnitOfWork(engine) as unit_of_work:
        unit_of_work.tasks.add(a_task())
    with engine.connect() as reader:
        assert number_of_teams(reader) == 0
        rows.run("INSERT INTO \"Teams\" VALUES ('a', 'Billing')")


def test_failed_commit_leaves_no_lock_and_no_change(engine: Engine, rows: SqliteRows) -> None:
    job, task = a_job(a_user()), a_task()
    with pytest.raises(JobDatabaseError) as raised, SqlAlchemyUnitOfWork(engine) as unit_of_work:
        # The statement is let through and the commit refused, which leaves SQLite's transaction open.
        unit_of_work._connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        unit_of_work.jobs.add(job)
        unit_of_work.commit()
    assert isinstance(raised.value.__cause__, IntegrityError)
    rows.run("INSERT INTO \"Teams\" VALUES ('a', 'Billing')")
    with SqlAlchemyUnitOfWork(engine) as unit_of_work:
        unit_of_work.tasks.add(task)
        unit_of_work.commit()
    assert rows.get(ExportJob, job.id) is None
    assert rows.get(BackgroundTask, task.id) == task


def test_two_hosts_with_other_names_live_in_one_process(tmp_path: Path, engine: Engine) -> None:
    names = HostTableNames(
        users=HostTable(
            "staff",
            {"id": "user_id", "email_address": "email", "is_admin": "boss", "first_name": "a", "last_name": "b"},
        ),
        media_items=HostTable("files"),
        background_tasks=HostTable("queue", {"name": "job_name", "leased_until": "locked_until"}),
    )
    tables = build_help_desk_tables(names)
    other = create_engine(f"sqlite:///{tmp_path}/other.db")
    tables.metadata.create_all(other)
    for each, its_tables in ((engine, REFERENCE_TABLES), (other, tables)):
        requester, task = a_user(), a_task()
        job = a_job(requester, background_task_id=task.id)
        with each.begin() as connection:
            assert its_tables.host_users is not None
            users = its_tables.host_users.table
            known = {name: value for name, value in attrs.asdict(requester).items() if name in users.c}
            connection.execute(sa.insert(users).values(known))
        with SqlAlchemyUnitOfWork(each, its_tables) as unit_of_work:
            unit_of_work.tasks.add(task)
            unit_of_work.jobs.add(job)
            unit_of_work.commit()
        with SqlAlchemyUnitOfWork(each, its_tables) as unit_of_work:
            found = unit_of_work.jobs.find(job.id)
        assert found == job
        assert found is not None
        assert (found.requester, found.background_task) == (requester, task)
    with other.connect() as connection:
        row = connection.exec_driver_sql("SELECT job_name, locked_until FROM queue").one()
    other.dispose()
    assert tuple(row) == ("export", "2025-12-13 09:30:45.123456")


def test_a_name_for_an_unknown_column_is_refused() -> None:
    names = HostTableNames(users=HostTable("staff", {"mail": "email"}))
    with pytest.raises(ValueError, match=r"'staff': unknown column mail; known columns: .*email_address"):
        build_help_desk_tables(names)
