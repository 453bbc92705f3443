"""The migrated ``ExportJobs`` is the seed's table, line by line, as PostgreSQL's own catalogs describe it."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine

from tests.integration.persistence.test_reference_schema import differences
from tests.integration.postgresql.catalog import columns, foreign_keys, indexes, other_constraints, primary_key
from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from tests.integration.postgresql.test_migrations import create_host_tables
from ticket_export.domain.export_job import ExportJob
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.testing.entities import a_completed_job, a_media_item, a_task, a_user

_TIME = "timestamp without time zone"
# The seed's "New Table: ExportJobs": column, type, nullable, default.
SEED = [
    ("Id", "uuid", False, None),
    ("RequesterUserId", "uuid", False, None),
    ("RequestedAt", _TIME, False, None),
    ("Status", "character varying(50)", False, None),
    ("ProgressStage", "character varying(100)", True, None),
    ("ProgressPercent", "integer", True, None),
    ("RowCount", "integer", True, None),
    ("ErrorMessage", "text", True, None),
    ("CompletedAt", _TIME, True, None),
    ("SnapshotPayloadJson", "jsonb", False, None),
    ("MediaItemId", "uuid", True, None),
    ("ExpiresAt", _TIME, False, None),
    ("IsCleanedUp", "boolean", False, "false"),
    ("BackgroundTaskId", "uuid", True, None),
    ("CreationTime", _TIME, False, None),
    ("LastModificationTime", _TIME, True, None),
    ("CreatorUserId", "uuid", True, None),
    ("LastModifierUserId", "uuid", True, None),
]


@pytest.fixture(params=["reference", "host"])
def migrated(request: pytest.FixtureRequest) -> PostgresqlRows:
    """The seed's table, in the help desk's database and in that of a host which brings the three tables itself."""
    if request.param == "reference":
        rows: PostgresqlRows = request.getfixturevalue("rows")
        return rows
    empty: PostgresqlRows = request.getfixturevalue("empty_rows")
    for name in ("Users", "MediaItems", "BackgroundTasks"):
        create_host_tables(empty, name)
    upgrade(request.getfixturevalue("empty_engine"), reference_schema=False)
    return empty


def test_the_table_is_the_seeds(migrated: PostgresqlRows) -> None:
    assert columns(migrated, "ExportJobs") == SEED
    assert primary_key(migrated, "ExportJobs") == {"PK_ExportJobs": 'PRIMARY KEY ("Id")'}
    assert foreign_keys(migrated, "ExportJobs") == {
        "FK_ExportJobs_Users_RequesterUserId": (
            'FOREIGN KEY ("RequesterUserId") REFERENCES "Users"("Id") ON DELETE RESTRICT'
        ),
        "FK_ExportJobs_MediaItems_MediaItemId": (
            'FOREIGN KEY ("MediaItemId") REFERENCES "MediaItems"("Id") ON DELETE SET NULL'
        ),
        "FK_ExportJobs_BackgroundTasks_BackgroundTaskId": (
            'FOREIGN KEY ("BackgroundTaskId") REFERENCES "BackgroundTasks"("Id") ON DELETE SET NULL'
        ),
    }
    assert other_constraints(migrated, "ExportJobs") == {}
    assert indexes(migrated, "ExportJobs") == {
        "PK_ExportJobs": 'UNIQUE btree ("Id")',
        "IX_ExportJobs_RequesterUserId": 'btree ("RequesterUserId")',
        "IX_ExportJobs_Status": 'btree ("Status")',
        "IX_ExportJobs_ExpiresAt": 'btree ("ExpiresAt")',
        "IX_ExportJobs_ExpiresAt_IsCleanedUp": 'btree ("ExpiresAt", "IsCleanedUp")',
    }


def test_the_audit_log_has_postgresqls_own_types(migrated: PostgresqlRows) -> None:
    assert columns(migrated, "ExportAuditEntries") == [
        ("Id", "uuid", False, None),
        ("At", _TIME, False, None),
        ("Action", "character varying(50)", False, None),
        ("ExportJobId", "uuid", True, None),
        ("ActorUserId", "uuid", True, None),
        ("View", "text", False, None),
        ("RowCount", "integer", True, None),
        ("DurationMilliseconds", "bigint", True, None),
        ("Detail", "text", True, None),
        ("ActorFacts", "jsonb", True, None),
    ]
    assert primary_key(migrated, "ExportAuditEntries") == {"PK_ExportAuditEntries": 'PRIMARY KEY ("Id")'}
    assert foreign_keys(migrated, "ExportAuditEntries") == {}


def test_the_migrations_make_the_tables_that_the_code_uses(engine: Engine) -> None:
    assert differences(engine) == []


@pytest.mark.parametrize(
    "change",
    [
        'DROP INDEX "IX_ExportJobs_Status"',
        'ALTER TABLE "ExportJobs" ALTER "RowCount" TYPE bigint',
        'ALTER TABLE "ExportJobs" ALTER "IsCleanedUp" SET DEFAULT true',
        'ALTER TABLE "Tickets" ALTER "TagsJson" TYPE text',
    ],
)
def test_a_difference_would_be_noticed(engine: Engine, rows: PostgresqlRows, change: str) -> None:
    rows.run(change)
    assert differences(engine) != []


@pytest.fixture
def stored_job(rows: PostgresqlRows) -> ExportJob:
    """A completed job with a requester, a media item and a background task."""
    requester, media_item, task = a_user(), a_media_item(), a_task()
    job = a_completed_job(requester, media_item, task)
    for entity in (requester, media_item, task, job):
        rows.put(entity)
    return job


def test_a_requester_with_a_job_cannot_be_deleted(rows: PostgresqlRows, stored_job: ExportJob) -> None:
    # RESTRICT raises restrict_violation since PostgreSQL 18, and foreign_key_violation before.
    with pytest.raises(psycopg.errors.IntegrityError):
        rows.run('DELETE FROM "Users"')
    assert rows.get(ExportJob, stored_job.id) == stored_job


def test_deleting_what_a_job_points_at_empties_its_reference(rows: PostgresqlRows, stored_job: ExportJob) -> None:
    rows.run('DELETE FROM "MediaItems"')
    rows.run('DELETE FROM "BackgroundTasks"')
    found = rows.get(ExportJob, stored_job.id)
    assert found is not None
    assert (found.media_item_id, found.background_task_id) == (None, None)


def test_is_cleaned_up_is_false_by_default(rows: PostgresqlRows) -> None:
    requester = a_user()
    rows.put(requester)
    rows.run(
        'INSERT INTO "ExportJobs" ("Id", "RequesterUserId", "RequestedAt", "Status", "SnapshotPayloadJson", '
        "\"ExpiresAt\", \"CreationTime\") VALUES (%s, %s, now(), 'queued', '{}', now(), now())",
        *(uuid4(), requester.id),
    )
    assert rows.run('SELECT "IsCleanedUp" FROM "ExportJobs"') == [{"IsCleanedUp": False}]
