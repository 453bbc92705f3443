"""What PostgreSQL is told to create has the seed's own types."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import make_url
from sqlalchemy.schema import CreateTable

from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES

POSTGRESQL = make_url("postgresql://").get_dialect()()
SEED_TYPES = {
    "Id": "UUID NOT NULL",
    "RequesterUserId": "UUID NOT NULL",
    "RequestedAt": "TIMESTAMP WITHOUT TIME ZONE NOT NULL",
    "Status": "VARCHAR(50) NOT NULL",
    "ProgressStage": "VARCHAR(100)",
    "ProgressPercent": "INTEGER",
    "RowCount": "INTEGER",
    "ErrorMessage": "TEXT",
    "CompletedAt": "TIMESTAMP WITHOUT TIME ZONE",
    "SnapshotPayloadJson": "JSONB NOT NULL",
    "MediaItemId": "UUID",
    "ExpiresAt": "TIMESTAMP WITHOUT TIME ZONE NOT NULL",
    "IsCleanedUp": "BOOLEAN DEFAULT false NOT NULL",
    "BackgroundTaskId": "UUID",
    "CreationTime": "TIMESTAMP WITHOUT TIME ZONE NOT NULL",
    "LastModificationTime": "TIMESTAMP WITHOUT TIME ZONE",
    "CreatorUserId": "UUID",
    "LastModifierUserId": "UUID",
}


def columns_of(ddl: str) -> dict[str, str]:
    return dict(re.findall(r'^\s+"(\w+)" (.+?),? *$', ddl, re.MULTILINE))


def test_export_jobs_has_the_seeds_types_on_postgresql() -> None:
    ddl = str(CreateTable(REFERENCE_TABLES.export_jobs).compile(dialect=POSTGRESQL))
    assert columns_of(ddl) == SEED_TYPES


def test_the_audit_log_has_postgresqls_own_types() -> None:
    ddl = str(CreateTable(REFERENCE_TABLES.export_audit_entries).compile(dialect=POSTGRESQL))
    assert columns_of(ddl) == {
        "Id": "UUID NOT NULL",
        "At": "TIMESTAMP WITHOUT TIME ZONE NOT NULL",
        "Action": "VARCHAR(50) NOT NULL",
        "ExportJobId": "UUID",
        "ActorUserId": "UUID",
        "ActorFacts": "JSONB",
        "View": "TEXT NOT NULL",
        "RowCount": "INTEGER",
        "DurationMilliseconds": "BIGINT",
        "Detail": "TEXT",
    }


@pytest.mark.parametrize(
    ("table", "column", "type_"),
    [
        ("Tickets", "Id", "BIGSERIAL NOT NULL"),
        ("Tickets", "ContactId", "BIGINT"),
        ("Tickets", "TagsJson", "JSONB"),
        ("Contacts", "Id", "BIGSERIAL NOT NULL"),
        ("MediaItems", "Length", "BIGINT NOT NULL"),
        ("BackgroundTasks", "Args", "JSONB NOT NULL"),
        ("BackgroundTasks", "Status", "VARCHAR(50) NOT NULL"),
        ("Users", "IsActive", "BOOLEAN DEFAULT true NOT NULL"),
    ],
)
def test_reference_tables_have_postgresqls_own_types(table: str, column: str, type_: str) -> None:
    ddl = str(CreateTable(REFERENCE_TABLES.metadata.tables[table]).compile(dialect=POSTGRESQL))
    assert columns_of(ddl)[column] == type_
