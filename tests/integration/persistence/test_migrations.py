"""Both histories go up and down, alone and together, beside whatever a host has."""

from __future__ import annotations

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import attrs
import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import Engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.errors import ConfigurationError, MissingTableError, SchemaMismatchError
from ticket_export.infrastructure import migrate
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.migrate import downgrade, upgrade
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES, HostTable, HostTableNames
from ticket_export.testing.audit_log import an_entry
from ticket_export.testing.entities import a_completed_job, a_media_item, a_task, a_user

HELP_DESK = {"Users", "Roles", "RoleUser", "Teams", "Contacts", "Tickets", "MediaItems", "BackgroundTasks"}
OWN_TABLES = {"ExportJobs", "ExportAuditEntries", "ExportDatabase"}
HOST_TABLES = ("Users", "MediaItems", "BackgroundTasks")


def tables(engine: Engine) -> set[str]:
    """The tables besides those that Alembic keeps its books in."""
    return {name for name in sa.inspect(engine).get_table_names() if not name.startswith("ticket_export_")}


def schema(rows: SqliteRows) -> set[str]:
    return {row["sql"] for row in rows.run("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}


def create_host_tables(rows: SqliteRows, *names: str) -> None:
    """With the columns that exports need, in the order of their names' table."""
    for name in names:
        rows.run(str(CreateTable(REFERENCE_TABLES.metadata.tables[name]).compile(dialect=sqlite.dialect())))


def test_the_reference_schema_goes_up_down_and_up_again(empty_engine: Engine, rows: SqliteRows) -> None:
    upgrade(empty_engine, reference_schema=True)
    first = schema(rows)
    assert tables(empty_engine) == HELP_DESK | OWN_TABLES
    downgrade(empty_engine, reference_schema=True)
    assert tables(empty_engine) == set()
    upgrade(empty_engine, reference_schema=True)
    assert schema(rows) == first


def test_the_librarys_tables_go_up_down_and_up_again_beside_a_hosts_tables(
    empty_engine: Engine, rows: SqliteRows
) -> None:
    create_host_tables(rows, *HOST_TABLES)
    upgrade(empty_engine, reference_schema=False)
    first = schema(rows)
    assert tables(empty_engine) == {*HOST_TABLES, *OWN_TABLES}
    downgrade(empty_engine, reference_schema=False)
    assert tables(empty_engine) == set(HOST_TABLES)
    upgrade(empty_engine, reference_schema=False)
    assert schema(rows) == first


def test_each_change_of_an_upgrade_is_a_line(empty_engine: Engine, rows: SqliteRows) -> None:
    own = ("ExportJobs: created", "ExportAuditEntries: created", "ExportDatabase: created")
    first, *others = upgrade(empty_engine, reference_schema=True)
    assert first == "the reference schema: created"
    assert set(own) < set(others)
    assert upgrade(empty_engine, reference_schema=True) == ()
    rows.run('ALTER TABLE "MediaItems" DROP COLUMN "StoragePlace"')
    assert upgrade(empty_engine) == ("MediaItems: added the column StoragePlace",)


def test_an_upgrade_of_an_older_reference_schema_is_a_line(empty_engine: Engine) -> None:
    with empty_engine.begin() as connection:
        command.upgrade(migrate._REFERENCE.config(connection, SEED_TABLE_NAMES), "create_help_desk")
    assert upgrade(empty_engine, reference_schema=True)[0] == (
        "the reference schema: brought up to let_contacts_be_deleted"
    )


def test_contacts_that_were_there_before_they_could_be_deleted_are_not(empty_engine: Engine, rows: SqliteRows) -> None:
    with empty_engine.begin() as connection:
        command.upgrade(migrate._REFERENCE.config(connection, SEED_TABLE_NAMES), "create_help_desk")
    rows.run('INSERT INTO "Contacts" ("FirstName") VALUES (?)', "Zoë")
    upgrade(empty_engine, reference_schema=True)
    assert [row["IsDeleted"] for row in rows.run('SELECT "IsDeleted" FROM "Contacts"')] == [0]


def test_both_histories_go_down_with_data_in_every_table(engine: Engine, rows: SqliteRows) -> None:
    requester, media_item, task = a_user(), a_media_item(), a_task()
    for entity in (requester, media_item, task, a_completed_job(requester, media_item, task)):
        rows.put(entity)
    rows.give_roles(requester.id, [512])
    SqlAlchemyAuditLog(engine).record(an_entry())
    downgrade(engine, reference_schema=True)
    assert tables(engine) == set()


def test_the_librarys_tables_alone_go_down_and_leave_the_help_desk(engine: Engine) -> None:
    downgrade(engine, reference_schema=False)
    assert tables(engine) == HELP_DESK


def test_upgrading_twice_keeps_the_data(engine: Engine, rows: SqliteRows) -> None:
    rows.run('INSERT INTO "Teams" VALUES (?, ?)', uuid4().hex, "Billing")
    upgrade(engine, reference_schema=True)
    upgrade(engine, reference_schema=False)
    assert [row["Name"] for row in rows.run('SELECT * FROM "Teams"')] == ["Billing"]


def test_downgrading_an_empty_database_is_fine(empty_engine: Engine) -> None:
    downgrade(empty_engine, reference_schema=True)
    assert tables(empty_engine) == set()


@pytest.mark.parametrize(
    "present",
    [(), ("Users",), ("MediaItems",), ("BackgroundTasks",), ("Users", "BackgroundTasks"), ("Users", "MediaItems")],
)
def test_missing_host_tables_that_the_host_has_named_are_named_and_nothing_is_changed(
    empty_engine: Engine, rows: SqliteRows, present: tuple[str, ...]
) -> None:
    create_host_tables(rows, *present)
    # A host that maps a column has a table.
    names = HostTableNames(
        users=HostTable("Users", {"id": "Id"}),
        media_items=HostTable("MediaItems", {"id": "Id"}),
        background_tasks=HostTable("BackgroundTasks", {"id": "Id"}),
    )
    with pytest.raises(MissingTableError) as caught:
        upgrade(empty_engine, names=names)
    assert [name for name in HOST_TABLES if f"table {name} is missing" in str(caught.value)] == [
        name for name in HOST_TABLES if name not in present
    ]
    assert set(sa.inspect(empty_engine).get_table_names()) == set(present)


@pytest.mark.parametrize("present", [("Users",), ("Users", "BackgroundTasks"), ("Users", "MediaItems")])
def test_missing_tables_of_files_and_tasks_are_created_and_removed_again(
    empty_engine: Engine, rows: SqliteRows, present: tuple[str, ...]
) -> None:
    create_host_tables(rows, *present)
    before = schema(rows)
    upgrade(empty_engine)
    assert tables(empty_engine) == {*HOST_TABLES, *OWN_TABLES}
    downgrade(empty_engine)
    added = schema(rows) - before
    assert all("ticket_export_version" in statement for statement in added)
    assert tables(empty_engine) == set(present)


def test_tables_that_exist_already_are_named_and_nothing_is_changed(empty_engine: Engine, rows: SqliteRows) -> None:
    create_host_tables(rows, "Users", "Teams")
    with pytest.raises(ConfigurationError, match='already has "Users", "Teams"'):
        upgrade(empty_engine, reference_schema=True)
    assert set(sa.inspect(empty_engine).get_table_names()) == {"Users", "Teams"}


@pytest.mark.parametrize("name", sorted(OWN_TABLES))
def test_a_table_of_the_librarys_name_by_another_hand_is_refused_and_nothing_is_changed(
    empty_engine: Engine, rows: SqliteRows, name: str
) -> None:
    create_host_tables(rows, *HOST_TABLES, name)
    before = schema(rows)
    with pytest.raises(ConfigurationError, match=f"table {name} exists, but `ticket-export migrate` has not created"):
        upgrade(empty_engine, reference_schema=False)
    assert schema(rows) == before


def test_a_database_of_the_first_release_is_upgraded_without_loss(empty_engine: Engine, rows: SqliteRows) -> None:
    upgrade(empty_engine, reference_schema=True)
    with_all = schema(rows)
    go_down_to("add_export_jobs", empty_engine)
    assert tables(empty_engine) == HELP_DESK | {"ExportJobs"}
    requester, media_item = a_user(), attrs.evolve(a_media_item(), storage_place=None)
    task = attrs.evolve(a_task(), share_key=None, started_at=None)
    job = a_completed_job(requester, media_item, task)
    for entity in (requester, media_item, task, job):
        rows.put(entity)
    upgrade(empty_engine, reference_schema=True)
    assert schema(rows) == with_all
    assert rows.get(ExportJob, job.id) == job
    assert rows.get(BackgroundTask, task.id) == task


@pytest.mark.parametrize("version", ["ticket_export_version", "ticket_export_reference_version"])
def test_a_database_that_a_newer_version_has_migrated_is_refused_with_a_sentence(
    engine: Engine, rows: SqliteRows, version: str
) -> None:
    rows.run(f"UPDATE {version} SET version_num = 'from_the_future'")
    before = schema(rows)
    for migrates in (upgrade, downgrade):
        with pytest.raises(ConfigurationError, match="a newer version of ticket-export has migrated this database"):
            migrates(engine, reference_schema=True)
    assert schema(rows) == before


def test_an_index_that_has_a_name_of_the_librarys_is_named_and_nothing_is_changed(
    empty_engine: Engine, rows: SqliteRows
) -> None:
    create_host_tables(rows, *HOST_TABLES)
    rows.run('CREATE INDEX "IX_ExportJobs_Status" ON "BackgroundTasks" ("Status")')
    before = schema(rows)
    with pytest.raises(SchemaMismatchError, match="table ExportJobs needs the name IX_ExportJobs_Status"):
        upgrade(empty_engine)
    assert schema(rows) == before


def test_without_the_audit_table_jobs_stay(engine: Engine, rows: SqliteRows) -> None:
    requester, media_item, task = a_user(), a_media_item(), a_task()
    job = a_completed_job(requester, media_item, task)
    for entity in (requester, media_item, task, job):
        rows.put(entity)
    go_down_to("add_export_jobs", engine)
    assert rows.get(ExportJob, job.id) == job


def go_down_to(revision: str, engine: Engine) -> None:
    with engine.begin() as connection:
        command.downgrade(migrate._EXPORT_JOBS.config(connection, SEED_TABLE_NAMES), revision)


def test_a_host_with_other_names_gets_foreign_keys_to_them(empty_engine: Engine, rows: SqliteRows) -> None:
    rows.run("CREATE TABLE staff (user_id CHAR(32) NOT NULL PRIMARY KEY)")
    create_host_tables(rows, "BackgroundTasks", "MediaItems")
    rows.run('ALTER TABLE "MediaItems" RENAME TO files')
    names = HostTableNames(users=HostTable("staff", {"id": "user_id"}), media_items=HostTable("files", {"id": "id"}))
    upgrade(empty_engine, reference_schema=False, names=names)
    keys = sa.inspect(empty_engine).get_foreign_keys("ExportJobs")
    assert {(key["name"], key["referred_table"], *key["referred_columns"]) for key in keys} == {
        ("FK_ExportJobs_staff_RequesterUserId", "staff", "user_id"),
        ("FK_ExportJobs_files_MediaItemId", "files", "id"),
        ("FK_ExportJobs_BackgroundTasks_BackgroundTaskId", "BackgroundTasks", "Id"),
    }
    downgrade(empty_engine, reference_schema=False, names=names)
    assert tables(empty_engine) == {"staff", "files", "BackgroundTasks"}


def test_a_missing_table_is_named_as_the_host_calls_it(empty_engine: Engine, rows: SqliteRows) -> None:
    create_host_tables(rows, *HOST_TABLES)
    with pytest.raises(MissingTableError, match="table staff is missing"):
        upgrade(empty_engine, reference_schema=False, names=HostTableNames(users=HostTable("staff")))


def test_names_do_not_go_with_the_reference_schema(empty_engine: Engine) -> None:
    names = HostTableNames(users=HostTable("staff"))
    with pytest.raises(ConfigurationError, match="has the seed's table names"):
        upgrade(empty_engine, reference_schema=True, names=names)
    upgrade(empty_engine, reference_schema=True, names=SEED_TABLE_NAMES)


def test_a_hosts_own_alembic_history_is_left_alone(empty_engine: Engine, rows: SqliteRows) -> None:
    rows.run("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    rows.run("INSERT INTO alembic_version VALUES ('of the host')")
    upgrade(empty_engine, reference_schema=True)
    downgrade(empty_engine, reference_schema=True)
    assert [tuple(row) for row in rows.run("SELECT * FROM alembic_version")] == [("of the host",)]


def test_logging_stays_as_the_host_configured_it(empty_engine: Engine) -> None:
    host = logging.getLogger("host.of.ticket-export")
    root, before = logging.getLogger(), (host.disabled, logging.getLogger().level, list(logging.getLogger().handlers))
    upgrade(empty_engine, reference_schema=True)
    assert (host.disabled, root.level, list(root.handlers)) == before


def test_migrations_started_at_once_wait_for_each_other(path: Path, empty_engine: Engine) -> None:
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(migrate_in_a_process, [path] * 2))
    assert tables(empty_engine) == HELP_DESK | OWN_TABLES


def migrate_in_a_process(path: Path) -> None:
    script = (
        "import sys; from ticket_export.infrastructure.persistence.database.engine import create_engine; "
        "from ticket_export.infrastructure.migrate import upgrade; "
        "upgrade(create_engine('sqlite:///' + sys.argv[1]), reference_schema=True)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, timeout=60)
