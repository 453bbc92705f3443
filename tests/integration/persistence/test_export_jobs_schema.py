"""The migrated ``ExportJobs`` is the seed's, line by line, read back from the database."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user import User
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import NOW, a_completed_job, a_media_item, a_task, a_user

# The seed's table: column, type, nullable. SQLite has no uuid and no jsonb; CHAR(32) and TEXT stand for them.
SEED_COLUMNS = [
    ("Id", "CHAR(32)", False),
    ("RequesterUserId", "CHAR(32)", False),
    ("RequestedAt", "DATETIME", False),
    ("Status", "VARCHAR(50)", False),
    ("ProgressStage", "VARCHAR(100)", True),
    ("ProgressPercent", "INTEGER", True),
    ("RowCount", "INTEGER", True),
    ("ErrorMessage", "TEXT", True),
    ("CompletedAt", "DATETIME", True),
    ("SnapshotPayloadJson", "TEXT", False),
    ("MediaItemId", "CHAR(32)", True),
    ("ExpiresAt", "DATETIME", False),
    ("IsCleanedUp", "BOOLEAN", False),
    ("BackgroundTaskId", "CHAR(32)", True),
    ("CreationTime", "DATETIME", False),
    ("LastModificationTime", "DATETIME", True),
    ("CreatorUserId", "CHAR(32)", True),
    ("LastModifierUserId", "CHAR(32)", True),
]
NOT_NULL = [name for name, _, nullable in SEED_COLUMNS if not nullable]
NULLABLE = [name for name, _, nullable in SEED_COLUMNS if nullable]


@pytest.fixture
def stored_job(engine: Engine, rows: SqliteRows) -> ExportJob:
    """A completed job with a requester, a media item and a background task."""
    requester, media_item, task = a_user(), a_media_item(), a_task()
    job = a_completed_job(requester, media_item, task)
    for entity in (requester, media_item, task, job):
        rows.put(entity)
    return job


def test_columns_have_the_seeds_names_types_and_nullability(engine: Engine) -> None:
    columns = sa.inspect(engine).get_columns("ExportJobs")
    assert [(column["name"], str(column["type"]), column["nullable"]) for column in columns] == SEED_COLUMNS


def test_primary_key_is_the_id(engine: Engine) -> None:
    key = sa.inspect(engine).get_pk_constraint("ExportJobs")
    assert (key["name"], key["constrained_columns"]) == ("PK_ExportJobs", ["Id"])


def test_indexes_are_the_seeds(engine: Engine) -> None:
    indexes = sa.inspect(engine).get_indexes("ExportJobs")
    assert {index["name"]: (index["column_names"], bool(index["unique"])) for index in indexes} == {
        "IX_ExportJobs_RequesterUserId": (["RequesterUserId"], False),
        "IX_ExportJobs_Status": (["Status"], False),
        "IX_ExportJobs_ExpiresAt": (["ExpiresAt"], False),
        "IX_ExportJobs_ExpiresAt_IsCleanedUp": (["ExpiresAt", "IsCleanedUp"], False),
    }


def test_foreign_keys_are_the_seeds(engine: Engine) -> None:
    keys = sa.inspect(engine).get_foreign_keys("ExportJobs")
    found = {
        key["name"]: (key["constrained_columns"], key["referred_table"], key["referred_columns"], key["options"])
        for key in keys
    }
    assert found == {
        "FK_ExportJobs_Users_RequesterUserId": (["RequesterUserId"], "Users", ["Id"], {"ondelete": "RESTRICT"}),
        "FK_ExportJobs_MediaItems_MediaItemId": (["MediaItemId"], "MediaItems", ["Id"], {"ondelete": "SET NULL"}),
        "FK_ExportJobs_BackgroundTasks_BackgroundTaskId": (
            ["BackgroundTaskId"],
            "BackgroundTasks",
            ["Id"],
            {"ondelete": "SET NULL"},
        ),
    }


def test_every_field_of_the_entity_has_its_column() -> None:
    relationships = {"requester", "media_item", "background_task"}
    fields = {field.name for field in attrs.fields(ExportJob)}
    assert set(REFERENCE_TABLES.export_jobs.columns.keys()) == fields - relationships


@pytest.mark.parametrize("column", NOT_NULL)
def test_column_refuses_null(rows: SqliteRows, stored_job: ExportJob, column: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=f"NOT NULL constraint failed: ExportJobs.{column}"):
        rows.run(f'UPDATE "ExportJobs" SET "{column}" = NULL')


@pytest.mark.parametrize("column", NULLABLE)
def test_column_takes_null(rows: SqliteRows, stored_job: ExportJob, column: str) -> None:
    rows.run(f'UPDATE "ExportJobs" SET "{column}" = NULL')
    assert rows.run(f'SELECT "{column}" FROM "ExportJobs"')[0][0] is None


def test_is_cleaned_up_is_false_by_default(engine: Engine, rows: SqliteRows) -> None:
    requester = a_user()
    rows.put(requester)
    rows.run(
        'INSERT INTO "ExportJobs" ("Id", "RequesterUserId", "RequestedAt", "Status", "SnapshotPayloadJson", '
        '"ExpiresAt", "CreationTime") VALUES (?, ?, ?, ?, ?, ?, ?)',
        *(uuid4().hex, str(requester.id).replace("-", ""), "2025-12-13", "queued", "{}", "2025-12-16", "2025-12-13"),
    )
    assert rows.run('SELECT "IsCleanedUp" FROM "ExportJobs"')[0][0] == 0


def test_a_requested_job_is_stored_with_the_seeds_defaults(engine: Engine, rows: SqliteRows) -> None:
    requester, task = a_user(), a_task()
    rows.put(requester)
    job = ExportJob.request(
        requester_user_id=requester.id, snapshot_payload_json='{"columns":["id"]}', background_task=task, now=NOW
    )
    with SqlAlchemyUnitOfWork(engine) as unit_of_work:
        unit_of_work.tasks.add(task)
        unit_of_work.jobs.add(job)
        unit_of_work.commit()
    stored = dict(rows.run('SELECT * FROM "ExportJobs"')[0])
    assert stored == {
        "Id": job.id.hex,
        "RequesterUserId": str(requester.id).replace("-", ""),
        "RequestedAt": "2025-12-13 09:30:15.123456",
        "Status": "queued",
        "ProgressStage": "Queued",
        "ProgressPercent": None,
        "RowCount": None,
        "ErrorMessage": None,
        "CompletedAt": None,
        "SnapshotPayloadJson": '{"columns":["id"]}',
        "MediaItemId": None,
        "ExpiresAt": "2025-12-16 09:30:15.123456",
        "IsCleanedUp": 0,
        "BackgroundTaskId": task.id.hex,
        "CreationTime": "2025-12-13 09:30:15.123456",
        "LastModificationTime": None,
        "CreatorUserId": str(requester.id).replace("-", ""),
        "LastModifierUserId": None,
    }


def test_a_requester_with_a_job_cannot_be_deleted(engine: Engine, rows: SqliteRows, stored_job: ExportJob) -> None:
    users = REFERENCE_TABLES.users
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(sa.delete(users).where(users.c.id == stored_job.requester_user_id))
    assert rows.get(User, stored_job.requester_user_id) is not None
    assert rows.get(ExportJob, stored_job.id) == stored_job


def test_a_requester_without_a_job_can_be_deleted(engine: Engine, rows: SqliteRows, stored_job: ExportJob) -> None:
    rows.run('DELETE FROM "ExportJobs"')
    with engine.begin() as connection:
        connection.execute(sa.delete(REFERENCE_TABLES.users))
    assert rows.get(User, stored_job.requester_user_id) is None


def test_deleting_the_media_item_empties_the_jobs_reference(
    engine: Engine, rows: SqliteRows, stored_job: ExportJob
) -> None:
    with engine.begin() as connection:
        connection.execute(sa.delete(REFERENCE_TABLES.media_items))
    assert rows.get(ExportJob, stored_job.id) == attrs.evolve(stored_job, media_item_id=None)


def test_deleting_the_background_task_empties_the_jobs_reference(
    engine: Engine, rows: SqliteRows, stored_job: ExportJob
) -> None:
    with engine.begin() as connection:
        connection.execute(sa.delete(REFERENCE_TABLES.background_tasks))
    assert rows.get(ExportJob, stored_job.id) == attrs.evolve(stored_job, background_task_id=None)


@pytest.mark.parametrize("reference", ["requester_user_id", "media_item_id", "background_task_id"])
def test_a_job_cannot_point_at_what_is_not_there(
    engine: Engine, rows: SqliteRows, stored_job: ExportJob, reference: str
) -> None:
    broken = attrs.evolve(stored_job, id=uuid4())
    setattr(broken, reference, uuid4())
    with pytest.raises(JobDatabaseError, match="not stored"), SqlAlchemyUnitOfWork(engine) as unit_of_work:
        unit_of_work.jobs.add(broken)
    assert rows.get(ExportJob, broken.id) is None


def test_one_statement_reads_a_job_with_the_three_it_points_at(engine: Engine, stored_job: ExportJob) -> None:
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, _p, _x, _m: statements.append(statement))
    with SqlAlchemyUnitOfWork(engine) as unit_of_work:
        found = unit_of_work.jobs.find(stored_job.id)
    assert found is not None
    assert found.requester is not None
    assert found.media_item is not None
    assert found.background_task is not None
    assert [statement.split()[0] for statement in statements] == ["BEGIN", "SELECT"]


def test_the_cleanup_query_uses_the_index_made_for_it(engine: Engine, rows: SqliteRows) -> None:
    plan = rows.run(
        'EXPLAIN QUERY PLAN SELECT * FROM "ExportJobs" WHERE "ExpiresAt" <= ? AND "IsCleanedUp" = 0', "2025-12-16"
    )
    assert "IX_ExportJobs_ExpiresAt" in plan[0]["detail"]


def test_a_media_item_may_outlive_its_job(engine: Engine, rows: SqliteRows, stored_job: ExportJob) -> None:
    assert stored_job.media_item_id is not None
    rows.run('DELETE FROM "ExportJobs"')
    assert rows.get(MediaItem, stored_job.media_item_id) is not None
