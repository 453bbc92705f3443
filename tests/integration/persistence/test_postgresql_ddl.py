"""What PostgreSQL is told to create has the seed's own types."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from ticket_export.infrastructure.help_desk.migrations import create_help_desk, let_contacts_be_deleted
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES
from ticket_export.infrastructure.persistence.migrations import host_schema
from ticket_export.infrastructure.persistence.migrations.export_jobs import add_export_audit_entries, add_export_jobs

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
        "ExportJobId": "UUID NOT NULL",
        "ActorUserId": "UUID",
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


def test_the_migrations_send_postgresql_the_same_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without a server there is nothing to ask which tables exist: none before the help desk's, then all of them.
    existing: set[str] = set()
    monkeypatch.setattr(host_schema, "_existing", lambda: existing)
    monkeypatch.setattr(add_export_jobs, "host_table_names", lambda: SEED_TABLE_NAMES)
    script = StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": script, "literal_binds": True}
    )
    with Operations.context(context):
        create_help_desk.upgrade()
        let_contacts_be_deleted.upgrade()
        existing.update(set(REFERENCE_TABLES.metadata.tables) - {"ExportJobs", "ExportAuditEntries"})
        add_export_jobs.upgrade()
        add_export_audit_entries.upgrade()
    for table in REFERENCE_TABLES.metadata.sorted_tables:
        created = script.getvalue().split(f'CREATE TABLE "{table.name}"')[1].split("\n);")[0]
        added = re.findall(rf'ALTER TABLE "{table.name}" ADD COLUMN (.*);', script.getvalue())
        expected = columns_of(str(CreateTable(table).compile(dialect=POSTGRESQL)))
        assert columns_of("".join([created, *(f",\n\t{column}" for column in added)])) == expected
        for index in table.indexes:
            assert f"{CreateIndex(index).compile(dialect=POSTGRESQL)};" in script.getvalue()
