"""Every unit of work that ships keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import attrs
import pytest
from sqlalchemy import Engine

from tests.contract.conftest import SharedDatabase
from tests.contract.stored_entries import stored_entries
from tests.integration.persistence.sqlite_rows import SqliteRows
from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from tests.migrated_sqlite import migrated_sqlite
from ticket_export.application.ports.audit_log import AuditEntry, AuditLog
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user import User
from ticket_export.infrastructure.memory.audit_log import InMemoryAuditLog
from ticket_export.infrastructure.memory.database import InMemoryDatabase, InMemoryTransaction
from ticket_export.infrastructure.memory.unit_of_work import InMemoryUnitOfWork
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.tables import SEED_TABLES, Tables
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import a_task
from ticket_export.testing.stored_jobs.back_door import BackDoor
from ticket_export.testing.unit_of_work import UnitOfWorkContract


class InMemoryBackDoor(BackDoor[InMemoryDatabase]):
    @pytest.fixture
    def database(self) -> InMemoryDatabase:
        return InMemoryDatabase()

    @pytest.fixture(autouse=True)
    def _with_a_log(self) -> None:
        self.log = InMemoryAuditLog()

    def unit_of_work(self, database: InMemoryDatabase) -> UnitOfWork:
        return InMemoryUnitOfWork(database)

    def audit_log(self, database: InMemoryDatabase) -> AuditLog:
        return self.log

    def get_entries_behind(self, database: InMemoryDatabase) -> Sequence[AuditEntry]:
        return self.log.entries

    def put_user_behind(self, database: InMemoryDatabase, user: User) -> None:
        if self.has_users_table:
            database.users[user.id] = user

    def put_task_behind(self, database: InMemoryDatabase, task: BackgroundTask) -> None:
        database.committed.tasks[task.id] = attrs.evolve(task)

    def get_task_behind(self, database: InMemoryDatabase, task_id: UUID) -> BackgroundTask | None:
        return database.committed.tasks.get(task_id)

    def put_media_item_behind(self, database: InMemoryDatabase, media_item: MediaItem) -> None:
        database.committed.media_items[media_item.id] = attrs.evolve(media_item)

    def get_media_item_behind(self, database: InMemoryDatabase, media_item_id: UUID) -> MediaItem | None:
        return database.committed.media_items.get(media_item_id)

    def put_job_behind(self, database: InMemoryDatabase, job: ExportJob) -> None:
        database.committed.jobs[job.id] = attrs.evolve(job)

    def get_job_behind(self, database: InMemoryDatabase, job_id: UUID) -> ExportJob | None:
        return database.committed.jobs.get(job_id)


class TestInMemoryUnitOfWork(InMemoryBackDoor, UnitOfWorkContract[InMemoryDatabase]):
    def test_one_writer_inside_another_is_told_so_instead_of_waiting_for_ever(
        self, database: InMemoryDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(InMemoryTransaction, "LOCK_TIMEOUT", 0.01)
        with self.unit_of_work(database) as outer:
            outer.tasks.add(a_task())
            with pytest.raises(TimeoutError, match="entered inside another"), self.unit_of_work(database) as inner:
                inner.tasks.add(a_task())


@attrs.frozen
class SqlDatabase:
    engine: Engine
    rows: SqliteRows | PostgresqlRows
    tables: Tables = SEED_TABLES


class SqlBackDoor(BackDoor[SqlDatabase]):
    def unit_of_work(self, database: SqlDatabase) -> UnitOfWork:
        return SqlAlchemyUnitOfWork(database.engine, database.tables)

    def audit_log(self, database: SqlDatabase) -> AuditLog:
        return SqlAlchemyAuditLog(database.engine, database.tables)

    def get_entries_behind(self, database: SqlDatabase) -> Sequence[AuditEntry]:
        return stored_entries(database.rows)

    def put_user_behind(self, database: SqlDatabase, user: User) -> None:
        if self.has_users_table:
            database.rows.put(user)

    def put_task_behind(self, database: SqlDatabase, task: BackgroundTask) -> None:
        database.rows.put(task)

    def get_task_behind(self, database: SqlDatabase, task_id: UUID) -> BackgroundTask | None:
        return database.rows.get(BackgroundTask, task_id)

    def put_media_item_behind(self, database: SqlDatabase, media_item: MediaItem) -> None:
        database.rows.put(media_item)

    def get_media_item_behind(self, database: SqlDatabase, media_item_id: UUID) -> MediaItem | None:
        return database.rows.get(MediaItem, media_item_id)

    def put_job_behind(self, database: SqlDatabase, job: ExportJob) -> None:
        database.rows.put(job)

    def get_job_behind(self, database: SqlDatabase, job_id: UUID) -> ExportJob | None:
        return database.rows.get(ExportJob, job_id)


class SqlUnitOfWorkContract(SqlBackDoor, UnitOfWorkContract[SqlDatabase]):
    pass


class TestSqlAlchemyUnitOfWorkOnSqlite(SqlUnitOfWorkContract):
    @pytest.fixture
    def database(self, tmp_path: Path) -> Iterator[SqlDatabase]:
        path = tmp_path / "help-desk.db"
        engine = migrated_sqlite(path)
        yield SqlDatabase(engine, SqliteRows(path))
        engine.dispose()


class TestSqlAlchemyUnitOfWorkOnPostgresql(SqlUnitOfWorkContract):
    @pytest.fixture
    def database(self, each_emptied_database: SharedDatabase) -> SqlDatabase:
        return SqlDatabase(each_emptied_database.engine, each_emptied_database.rows)
