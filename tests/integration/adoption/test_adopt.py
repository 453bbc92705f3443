"""`adopt` takes over the tables of another system: what it adds, refuses and leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from tests.e2e.command_line import run_command
from tests.integration.adoption import other_system
from ticket_export import HostTable, HostTableNames, adopt, downgrade, is_own_table, upgrade
from ticket_export.entrypoints.cli.exit_codes import ExitCode
from ticket_export.errors import MissingTableError, SchemaMismatchError

LINES = (
    "ExportJobs: taken over; its rows (5) are not changed",
    "MediaItems: added the column StoragePlace",
    "ExportJobs: added the index IX_ExportJobs_ExpiresAt",
    "ExportJobs: added the index IX_ExportJobs_ExpiresAt_IsCleanedUp",
    "ExportAuditEntries: created",
    "ExportDatabase: created",
    "ExportTasks: created",
    "exports have their tasks in ExportTasks from now on, not in BackgroundTasks",
)


LEASE = ("FencingToken", "LeasedBy", "LeasedUntil", "ShareKey", "StartedAt")


def schema(engine: Engine) -> dict[str, Any]:
    """Everything that the database says of its tables, but not the order of columns."""
    inspector = sa.inspect(engine)
    return {
        name: (
            {column["name"]: (str(column["type"]), column["nullable"]) for column in inspector.get_columns(name)},
            {index["name"] for index in inspector.get_indexes(name)},
            {key["name"] for key in inspector.get_foreign_keys(name)},
        )
        for name in inspector.get_table_names()
    }


def test_adopting_says_what_it_adds_and_changes_no_row(engine: Engine) -> None:
    before, rows = schema(engine), other_system.rows(engine)
    assert adopt(engine) == LINES
    after = schema(engine)
    assert other_system.rows(engine) == rows
    assert {name: after[name] for name in before if name not in {"MediaItems", "ExportJobs"}} == {
        name: before[name] for name in before if name not in {"MediaItems", "ExportJobs"}
    }
    assert after["MediaItems"][0].keys() - before["MediaItems"][0].keys() == {"StoragePlace"}
    assert after["ExportJobs"][0] == before["ExportJobs"][0]
    assert after.keys() - before.keys() == {
        *("ExportAuditEntries", "ExportDatabase", "ExportTasks"),
        *("ticket_export_additions", "ticket_export_version"),
    }
    assert all(map(is_own_table, after.keys() - before.keys()))


def test_adopting_or_upgrading_again_does_nothing(engine: Engine) -> None:
    adopt(engine)
    after = schema(engine)
    assert adopt(engine) == ()
    assert adopt(engine, shared_tasks=True) == ()
    upgrade(engine)
    assert schema(engine) == after


def test_a_downgrade_leaves_the_other_systems_tables_as_they_were(engine: Engine) -> None:
    before, rows = schema(engine), other_system.rows(engine)
    adopt(engine)
    downgrade(engine)
    after = schema(engine)
    del after["ticket_export_version"]
    assert after == before
    assert other_system.rows(engine) == rows
    assert adopt(engine) == LINES


def test_without_adopting_every_difference_is_named_in_one_error_and_nothing_is_changed(engine: Engine) -> None:
    before = schema(engine)
    with pytest.raises(SchemaMismatchError) as caught:
        upgrade(engine)
    named = [difference.partition(";")[0].split(", but must")[0] for difference in caught.value.differences]
    args = ["BackgroundTasks.Args is TEXT"] if engine.dialect.name == "postgresql" else []
    assert named == [
        "table ExportJobs exists, but `ticket-export migrate` has not created it",
        *args,
        "BackgroundTasks.FencingToken is missing",
        "BackgroundTasks.LeasedBy is missing",
        "BackgroundTasks.LeasedUntil is missing",
    ]
    assert "run `ticket-export migrate --adopt` to take it over" in str(caught.value)
    assert schema(engine) == before


def test_shared_tasks_get_the_columns_of_the_lease(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        with pytest.raises(SchemaMismatchError) as caught:
            adopt(engine, shared_tasks=True)
        (difference,) = caught.value.differences
        with engine.begin() as connection:
            connection.exec_driver_sql(difference.partition("change it: ")[2])
    before = schema(engine)
    lines = adopt(engine, shared_tasks=True)
    added = [line for line in lines if line.startswith("BackgroundTasks")]
    assert added == [
        *(f"BackgroundTasks: added the column {each}" for each in LEASE),
        "BackgroundTasks: added the index IX_BackgroundTasks_ShareKey_StartedAt",
        "BackgroundTasks: added the index IX_BackgroundTasks_Status_CreationTime",
    ]
    assert "ExportTasks" not in schema(engine)
    downgrade(engine)
    after = schema(engine)
    del after["ticket_export_version"]
    assert after == before


UNFIT = [
    ('ALTER TABLE "MediaItems" DROP COLUMN "FileName"', "MediaItems.FileName is missing"),
    (
        'ALTER TABLE "Users" RENAME COLUMN "EmailAddress" TO email_address',
        "EmailAddress is missing; set its name",
    ),
    ('ALTER TABLE "ExportJobs" DROP COLUMN "ExpiresAt"', "ExportJobs.ExpiresAt is missing"),
]
UNFIT_ON_POSTGRESQL = [
    (
        'ALTER TABLE "ExportJobs" ALTER COLUMN "Status" TYPE integer USING 1',
        "ExportJobs.Status is INTEGER, but",
    ),
    ('ALTER TABLE "ExportJobs" ALTER COLUMN "ErrorMessage" TYPE varchar(200)', "a text of at least 1,000 characters"),
    ('ALTER TABLE "ExportJobs" ALTER COLUMN "ProgressStage" SET NOT NULL', "ExportJobs.ProgressStage is NOT NULL"),
    ('ALTER TABLE "ExportJobs" ALTER COLUMN "SnapshotPayloadJson" TYPE text', "ExportJobs.SnapshotPayloadJson is TEXT"),
    ('ALTER TABLE "ExportJobs" ALTER COLUMN "CreatorUserId" TYPE text', "ExportJobs.CreatorUserId is TEXT"),
    ('ALTER TABLE "MediaItems" ADD COLUMN "Tenant" integer NOT NULL DEFAULT 1', None),
    ('ALTER TABLE "MediaItems" ALTER COLUMN "Length" TYPE integer', "MediaItems.Length is INTEGER, but must be BIGINT"),
]


def test_every_column_that_cannot_work_is_named_and_nothing_is_changed(engine: Engine) -> None:
    changes = UNFIT if engine.dialect.name == "sqlite" else [*UNFIT, *UNFIT_ON_POSTGRESQL]
    with engine.begin() as connection:
        connection.exec_driver_sql('UPDATE "ExportJobs" SET "ProgressStage" = \'Queued\'')
        for change, _ in changes:
            connection.exec_driver_sql(change)
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql('ALTER TABLE "MediaItems" ALTER COLUMN "Tenant" DROP DEFAULT')
    before = schema(engine)
    with pytest.raises(SchemaMismatchError) as caught:
        adopt(engine)
    expected = [text for _, text in changes if text] + ["MediaItems.Tenant is NOT NULL without a default"] * (
        engine.dialect.name == "postgresql"
    )
    assert [text for text in expected if not any(text in each for each in caught.value.differences)] == []
    assert len(caught.value.differences) == len(expected)
    assert schema(engine) == before


def test_a_table_that_the_host_names_must_exist(engine: Engine) -> None:
    names = HostTableNames(media_items=HostTable("files"))
    with pytest.raises(MissingTableError, match="table files is missing"):
        adopt(engine, names=names)


def test_a_missing_column_of_exports_is_added_if_it_may_be_empty(engine: Engine) -> None:
    with engine.begin() as connection:
        for column in ("RowCount", "IsCleanedUp"):
            connection.exec_driver_sql(f'ALTER TABLE "ExportJobs" DROP COLUMN "{column}"')
    before = schema(engine)
    assert {line for line in adopt(engine) if "column" in line and "ExportJobs" in line} == {
        "ExportJobs: added the column IsCleanedUp",
        "ExportJobs: added the column RowCount",
    }
    downgrade(engine)
    after = schema(engine)
    del after["ticket_export_version"]
    assert after == before


def test_a_host_without_exports_and_tasks_gets_everything(url: str) -> None:
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE people (id CHAR(32) PRIMARY KEY)")
    names = HostTableNames(users=HostTable("people", {"id": "id"}), user_key=str)
    assert adopt(engine, names=names) == (
        *("MediaItems: created", "ExportJobs: created", "ExportAuditEntries: created", "ExportDatabase: created"),
        *("ExportTasks: created", "exports have their tasks in ExportTasks from now on, not in BackgroundTasks"),
    )
    downgrade(engine, names=names)
    assert set(sa.inspect(engine).get_table_names()) == {"people", "ticket_export_version"}
    engine.dispose()


def test_the_command_prints_each_change_and_each_difference(
    engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", url)
    refused = run_command("migrate")
    assert refused.exit_code == ExitCode.BAD_INPUT
    assert any("run `ticket-export migrate --adopt` to take it over" in problem for problem in refused.problems)
    assert len(refused.problems) >= 4
    adopted = run_command("migrate", "--adopt")
    assert adopted.exit_code == ExitCode.OK
    assert adopted.text.splitlines() == [*LINES, "ExportJobs is up to date"]
    assert run_command("migrate").text.splitlines() == ["ExportJobs is up to date"]


@pytest.mark.parametrize("options", [("--adopt", "--reference-schema"), ("--shared-tasks",)])
def test_options_that_contradict_each_other_are_refused(options: tuple[str, ...]) -> None:
    assert run_command("migrate", *options).exit_code == ExitCode.BAD_INPUT


IX_EXPIRES_AT, IX_JOB = "IX_ExportJobs_ExpiresAt", "IX_ExportTasks_ExportJobId"
_KEYLESS = "is not unique, and exports refer to it"
OBSTACLES = [
    (
        (f'CREATE INDEX "{IX_EXPIRES_AT}" ON "Tickets" ("SlaDueAt")',),
        f"table ExportJobs needs the name {IX_EXPIRES_AT}",
    ),
    ((f'CREATE INDEX "{IX_JOB}" ON "Tickets" ("SlaDueAt")',), f"table ExportTasks needs the name {IX_JOB}"),
    (
        (
            'ALTER TABLE "ExportJobs" RENAME TO "Jobs"',
            'CREATE VIEW "ExportJobs" AS SELECT * FROM "Jobs"',
        ),
        "table ExportJobs is a view",
    ),
    (
        (
            'ALTER TABLE "ExportJobs" RENAME TO "Jobs"',
            'CREATE TABLE "ExportJobs" AS SELECT * FROM "Jobs"',
            'DROP TABLE "Jobs"',
        ),
        f"ExportJobs.Id {_KEYLESS}",
    ),
]


@pytest.mark.parametrize(("changes", "told"), OBSTACLES, ids=["index", "own-index", "view", "no-key"])
def test_what_keeps_the_tables_from_being_made_is_named_and_nothing_is_changed(
    engine: Engine, changes: tuple[str, ...], told: str
) -> None:
    with engine.begin() as connection:
        for change in changes:
            connection.exec_driver_sql(change)
    before = schema(engine)
    with pytest.raises(SchemaMismatchError) as caught:
        adopt(engine)
    assert any(told in each for each in caught.value.differences), caught.value.differences
    assert schema(engine) == before
