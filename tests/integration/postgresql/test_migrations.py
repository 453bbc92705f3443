"""Both histories go up and down on PostgreSQL, alone and together, beside whatever a host has."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from tests.e2e.command_line import run_command
from tests.integration.persistence.test_migrations import HELP_DESK, HOST_TABLES, OWN_TABLES
from tests.integration.postgresql.catalog import columns, foreign_keys, indexes, tables
from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from tests.postgresql_server import PostgresqlServer
from ticket_export.domain.export_job import ExportJob
from ticket_export.entrypoints.cli.exit_codes import ExitCode
from ticket_export.errors import ConfigurationError, MissingTableError, UnsupportedDialectError
from ticket_export.infrastructure.migrate import downgrade, upgrade
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.host_tables import HostTable, HostTableNames
from ticket_export.infrastructure.persistence.tables import SEED_TABLES
from ticket_export.testing.audit_log import an_entry
from ticket_export.testing.entities import a_completed_job, a_media_item, a_task, a_user

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def schema(rows: PostgresqlRows) -> list[object]:
    return [(name, columns(rows, name), foreign_keys(rows, name), indexes(rows, name)) for name in sorted(tables(rows))]


def create_host_tables(rows: PostgresqlRows, *names: str) -> None:
    """As another system has made them: with columns of their own, and somebody in them."""
    for name in names:
        definition = str(CreateTable(SEED_TABLES.metadata.tables[name]).compile(dialect=DIALECT))
        rows.run(definition.replace(" NOT NULL", ""))
        rows.run(f'ALTER TABLE "{name}" ADD "Remark" text, ALTER "Id" SET DEFAULT gen_random_uuid()')
        rows.run(f'INSERT INTO "{name}" ("Remark") VALUES (\'of the host\')')


@pytest.mark.parametrize(
    ("reference_schema", "brought", "made"),
    [(True, set(), HELP_DESK | OWN_TABLES), (False, set(HOST_TABLES), OWN_TABLES)],
    ids=["help desk", "beside a host's tables"],
)
def test_each_history_goes_up_down_and_up_again(
    empty_engine: Engine, empty_rows: PostgresqlRows, reference_schema: bool, brought: set[str], made: set[str]
) -> None:
    create_host_tables(empty_rows, *brought)
    seen = []
    for go in (upgrade, downgrade, upgrade):
        go(empty_engine, reference_schema=reference_schema)
        seen.append((tables(empty_rows), schema(empty_rows)))
    up, down, up_again = seen
    assert (up[0], down[0]) == (brought | made, brought)
    assert up_again == up
    for name in brought:
        assert empty_rows.run(f'SELECT "Remark" FROM "{name}"') == [{"Remark": "of the host"}]


def test_both_histories_go_down_with_data_in_every_table(engine: Engine, rows: PostgresqlRows) -> None:
    requester, media_item, task = a_user(), a_media_item(), a_task()
    for entity in (requester, media_item, task, a_completed_job(requester, media_item, task)):
        rows.put(entity)
    rows.give_roles(requester.id, [512])
    SqlAlchemyAuditLog(engine).record(an_entry())
    downgrade(engine, reference_schema=True)
    assert tables(rows) == set()


def test_upgrading_twice_keeps_the_data(engine: Engine, rows: PostgresqlRows) -> None:
    requester, media_item, task = a_user(), a_media_item(), a_task()
    job = a_completed_job(requester, media_item, task)
    for entity in (requester, media_item, task, job):
        rows.put(entity)
    upgrade(engine, reference_schema=True)
    upgrade(engine, reference_schema=False)
    assert rows.get(ExportJob, job.id) == job


@pytest.mark.parametrize(
    "present",
    [(), ("Users",), ("MediaItems",), ("BackgroundTasks",), ("Users", "BackgroundTasks"), ("Users", "MediaItems")],
)
def test_missing_host_tables_that_the_host_has_named_are_named_and_nothing_is_changed(
    empty_engine: Engine, empty_rows: PostgresqlRows, present: tuple[str, ...]
) -> None:
    create_host_tables(empty_rows, *present)
    # A host that maps a column has a table.
    names = HostTableNames(
        users=HostTable("Users", {"id": "Id"}),
        media_items=HostTable("MediaItems", {"id": "Id"}),
        background_tasks=HostTable("BackgroundTasks", {"id": "Id"}),
    )
    with pytest.raises(MissingTableError) as caught:
        upgrade(empty_engine, names=names)
    named = [name for name in HOST_TABLES if f"table {name} is missing" in str(caught.value)]
    assert named == [name for name in HOST_TABLES if name not in present]
    assert set(sa.inspect(empty_engine).get_table_names()) == set(present)


def test_tables_that_exist_already_are_named_and_nothing_is_changed(
    empty_engine: Engine, empty_rows: PostgresqlRows
) -> None:
    create_host_tables(empty_rows, *HOST_TABLES)
    empty_rows.run('CREATE TABLE "ExportAuditEntries" ("Id" uuid PRIMARY KEY)')
    with pytest.raises(ConfigurationError, match="ExportAuditEntries exists, but `ticket-export migrate` has not"):
        upgrade(empty_engine, reference_schema=False)
    assert set(sa.inspect(empty_engine).get_table_names()) == {*HOST_TABLES, "ExportAuditEntries"}


def test_the_jobs_point_at_a_hosts_tables_by_their_own_names(empty_engine: Engine, empty_rows: PostgresqlRows) -> None:
    names = HostTableNames(
        users=HostTable("staff", {"id": "user_id"}),
        media_items=HostTable("Stored Files"),
        background_tasks=HostTable("queue"),
    )
    create_host_tables(empty_rows, *HOST_TABLES)
    for old, new in zip(HOST_TABLES, ("staff", "Stored Files", "queue"), strict=True):
        empty_rows.run(f'ALTER TABLE "{old}" RENAME TO "{new}"')
    empty_rows.run('ALTER TABLE staff RENAME "Id" TO user_id')
    upgrade(empty_engine, reference_schema=False, names=names)
    assert foreign_keys(empty_rows, "ExportJobs") == {
        "FK_ExportJobs_staff_RequesterUserId": (
            'FOREIGN KEY ("RequesterUserId") REFERENCES staff(user_id) ON DELETE RESTRICT'
        ),
        "FK_ExportJobs_Stored Files_MediaItemId": (
            'FOREIGN KEY ("MediaItemId") REFERENCES "Stored Files"("Id") ON DELETE SET NULL'
        ),
        "FK_ExportJobs_queue_BackgroundTaskId": (
            'FOREIGN KEY ("BackgroundTaskId") REFERENCES queue("Id") ON DELETE SET NULL'
        ),
    }


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "AUTOCOMMIT"])
def test_migrations_that_start_at_once_happen_once(
    empty_postgresql_url: str, empty_rows: PostgresqlRows, isolation: str
) -> None:
    ready = Barrier(6)

    def migrate(_: int) -> None:
        engine = sa.create_engine(create_engine(empty_postgresql_url).url, isolation_level=isolation)
        ready.wait(timeout=30)
        try:
            upgrade(engine, reference_schema=True)
        finally:
            engine.dispose()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(migrate, range(6)))
    assert tables(empty_rows) == HELP_DESK | OWN_TABLES
    assert len(empty_rows.run("SELECT * FROM ticket_export_version")) == 1


# SQL_ASCII is no encoding at all: it takes any bytes.
ENCODINGS = ["LATIN1", "SQL_ASCII", "WIN1252", "EUC_JP"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("make", [create_engine, lambda url: sa.create_engine(create_engine(url).url)])
def test_database_that_cannot_hold_every_letter_is_refused(
    postgresql_server: PostgresqlServer, make: Callable[[str], sa.Engine], encoding: str
) -> None:
    with postgresql_server.encoded(encoding) as url:
        engine = make(url)
        try:
            with pytest.raises(UnsupportedDialectError, match=rf"^the database is in {encoding}; it must be in UTF8"):
                upgrade(engine, reference_schema=True)
        finally:
            engine.dispose()
        own = create_engine(url)
        assert sa.inspect(own).get_table_names() == []
        own.dispose()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_command_line_says_that_the_database_cannot_hold_every_letter(
    postgresql_server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    with postgresql_server.encoded(encoding) as url:
        monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", url)
        ended = run_command("migrate", "--reference-schema")
    assert ended.exit_code == ExitCode.BAD_INPUT
    assert ended.problems == [f"the database is in {encoding}; it must be in UTF8, which holds every letter"]
