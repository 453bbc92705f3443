"""The unit of work keeps the contract in an adopted database, where exports have their tasks in ``ExportTasks``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest
from sqlalchemy import Engine

from tests.contract.conftest import SharedDatabase, empty
from tests.contract.test_unit_of_work import SqlDatabase, SqlUnitOfWorkContract
from tests.integration.persistence.sqlite_rows import TABLES, SqliteRows
from tests.postgresql_server import PostgresqlServer
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.migrate import adopt
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.tables import SEED_TABLES


def adopted(engine: Engine) -> Engine:
    host = [REFERENCE_TABLES.metadata.tables[name] for name in ("Users", "MediaItems", "BackgroundTasks")]
    REFERENCE_TABLES.metadata.create_all(engine, host)
    adopt(engine)
    return engine


class OwnTasksContract(SqlUnitOfWorkContract):
    """The contract, but for its jobs without a task: here these belong to the other program, and are left alone."""

    # Their jobs have no task, or two jobs have one task. `tests/integration/adoption` has such tests for ExportTasks.
    test_a_job_is_due_for_clean_up_from_its_expiry_until_it_is_cleaned_up = None  # type: ignore[assignment]
    test_a_job_whose_media_item_is_removed_points_at_nothing = None  # type: ignore[assignment]
    test_a_long_view_is_left_out_of_a_list_and_found_by_id = None
    test_a_page_may_follow_a_job_that_is_no_longer_stored = None  # type: ignore[assignment]
    test_an_active_job_whose_task_has_ended_or_is_gone_is_without_one = None  # type: ignore[assignment]
    test_an_active_job_without_a_task_is_without_one_once_it_is_old_enough = None  # type: ignore[assignment]
    test_an_updated_job_is_stored_field_by_field = None  # type: ignore[assignment]
    test_many_requests_of_a_user_at_once_come_one_after_the_other = None  # type: ignore[assignment]
    test_pages_of_jobs_due_neither_lose_nor_repeat_one = None  # type: ignore[assignment]
    test_pages_of_jobs_due_stay_whole_while_every_other_job_is_cleaned_up = None  # type: ignore[assignment]
    test_the_active_jobs_of_a_user_are_their_queued_and_running_ones_oldest_request_first = None  # type: ignore[assignment]
    test_the_stamps_of_a_user_are_emptied_in_jobs_with_a_task_of_that_name = None  # type: ignore[assignment]

    @pytest.fixture(autouse=True)
    def _tasks_of_exports(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(TABLES, BackgroundTask, "ExportTasks")

    def put_job_behind(self, database: SqlDatabase, job: ExportJob) -> None:
        super().put_job_behind(database, attrs.evolve(job, background_task_id=None))
        if job.background_task_id is not None:
            job_id, task_id = self._stored(database, job.id), self._stored(database, job.background_task_id)
            database.rows.run(f"""UPDATE "ExportTasks" SET "ExportJobId" = '{job_id}' WHERE "Id" = '{task_id}'""")

    def get_job_behind(self, database: SqlDatabase, job_id: UUID) -> ExportJob | None:
        job = super().get_job_behind(database, job_id)
        stored: Any = database.rows.run(
            f"""SELECT "Id" FROM "ExportTasks" WHERE "ExportJobId" = '{self._stored(database, job_id)}'"""
        )
        assert job is None or job.background_task_id is None
        return attrs.evolve(job, background_task_id=UUID(str(stored[0]["Id"]))) if job and stored else job

    def _stored(self, database: SqlDatabase, key: UUID) -> str:
        return key.hex if database.engine.dialect.name == "sqlite" else str(key)


@pytest.fixture(scope="session")
def adopted_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What every test gets a copy of."""
    path = tmp_path_factory.mktemp("adopted") / "adopted.db"
    engine = adopted(create_engine(f"sqlite:///{path}"))
    # The last connection takes what is in the write-ahead log into the file.
    engine.dispose()
    return path.read_bytes()


class TestSqlAlchemyUnitOfWorkWithOwnTasksOnSqlite(OwnTasksContract):
    @pytest.fixture
    def database(self, adopted_file: bytes, tmp_path: Path) -> Iterator[SqlDatabase]:
        path = tmp_path / "adopted.db"
        path.write_bytes(adopted_file)
        engine = create_engine(f"sqlite:///{path}")
        yield SqlDatabase(engine, SqliteRows(path))
        engine.dispose()


@pytest.fixture(scope="session")
def adopted_database(postgresql_server: PostgresqlServer) -> Iterator[SharedDatabase]:
    with postgresql_server.database(migrated=False) as url:
        shared = SharedDatabase.on(url)
        adopted(shared.engine)
        yield shared
        shared.engine.dispose()


class TestSqlAlchemyUnitOfWorkWithOwnTasksOnPostgresql(OwnTasksContract):
    @pytest.fixture
    def database(self, adopted_database: SharedDatabase) -> SqlDatabase:
        empty(adopted_database.engine, [*SEED_TABLES.metadata.sorted_tables, SEED_TABLES.export_tasks])
        return SqlDatabase(adopted_database.engine, adopted_database.rows)
