"""The migrated ``ExportAuditEntries``, read back from the database."""

from __future__ import annotations

import sqlite3
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.testing.audit_log import an_entry

# Column, type, nullable. SQLite has no uuid; CHAR(32) stands for it.
COLUMNS = [
    ("Id", "CHAR(32)", False),
    ("At", "DATETIME", False),
    ("Action", "VARCHAR(50)", False),
    ("ExportJobId", "CHAR(32)", True),
    ("ActorUserId", "CHAR(32)", True),
    ("View", "TEXT", False),
    ("RowCount", "INTEGER", True),
    ("DurationMilliseconds", "BIGINT", True),
    ("Detail", "TEXT", True),
    ("ActorFacts", "TEXT", True),
]


def test_columns_have_their_names_types_and_nullability(engine: Engine) -> None:
    columns = sa.inspect(engine).get_columns("ExportAuditEntries")
    assert [(column["name"], str(column["type"]), column["nullable"]) for column in columns] == COLUMNS


def test_primary_key_is_the_id(engine: Engine) -> None:
    key = sa.inspect(engine).get_pk_constraint("ExportAuditEntries")
    assert (key["name"], key["constrained_columns"]) == ("PK_ExportAuditEntries", ["Id"])


def test_an_export_and_a_span_of_time_are_found_by_index(engine: Engine) -> None:
    indexes = sa.inspect(engine).get_indexes("ExportAuditEntries")
    assert {index["name"]: (index["column_names"], bool(index["unique"])) for index in indexes} == {
        "IX_ExportAuditEntries_ExportJobId": (["ExportJobId"], False),
        "IX_ExportAuditEntries_At": (["At"], False),
    }


def test_the_record_refers_to_no_other_table(engine: Engine) -> None:
    assert sa.inspect(engine).get_foreign_keys("ExportAuditEntries") == []


@pytest.mark.parametrize("column", [name for name, _, nullable in COLUMNS if not nullable])
def test_column_refuses_null(engine: Engine, rows: SqliteRows, column: str) -> None:
    SqlAlchemyAuditLog(engine).record(an_entry())
    with pytest.raises(sqlite3.IntegrityError, match=f"NOT NULL constraint failed: ExportAuditEntries.{column}"):
        rows.run(f'UPDATE "ExportAuditEntries" SET "{column}" = NULL')


def test_what_the_table_holds_of_an_entry(engine: Engine, rows: SqliteRows) -> None:
    entry = an_entry()
    assert isinstance(entry.actor_id, UUID)
    assert isinstance(entry.job_id, UUID)
    SqlAlchemyAuditLog(engine).record(entry)
    (stored,) = map(dict, rows.run('SELECT * FROM "ExportAuditEntries"'))
    assert len(stored.pop("Id")) == 32
    assert stored == {
        "At": "2025-12-13 09:30:15.123456",
        "Action": "completed",
        "ExportJobId": entry.job_id.hex,
        "ActorUserId": entry.actor_id.hex,
        "View": entry.view,
        "RowCount": 1_000_000,
        "DurationMilliseconds": 60_005,
        "Detail": entry.detail,
        "ActorFacts": entry.actor_facts,
    }
