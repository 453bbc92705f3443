"""The database of a host: its own names, its own advice, and nothing made up about what went wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.command_line import Ended, run_script
from ticket_export.infrastructure.help_desk.tables import build_help_desk_tables
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.host_tables import HostTable, HostTableNames

_APP = """
from dependency_injector.providers import Object
from sqlalchemy import event
from ticket_export.container import TicketExportContainer
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.host_tables import HostTable, HostTableNames

engine = create_engine("sqlite:///helpdesk.db")

@event.listens_for(engine, "connect")
def wait_for_no_lock(connection, entry):
    connection.execute("PRAGMA busy_timeout = 0")

container = TicketExportContainer()
container.engine.override(Object(engine))
container.table_names.override(Object(HostTableNames(
    media_items=HostTable("files"), background_tasks=HostTable("jobs"),
)))
"""
_NAMES = HostTableNames(media_items=HostTable("files"), background_tasks=HostTable("jobs"))
_MIGRATE = "ticket-export --app helpdesk_exports:container migrate"
_OWN = "ExportAuditEntries, ExportDatabase, ExportJobs"
_LIST = ("list", "--as", "admin@example.test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "helpdesk_exports.py").write_text(_APP)
    return tmp_path


@pytest.fixture
def database(folder: Path) -> Path:
    """What the host itself brings along: its own three tables, the roles, and one administrator."""
    file = folder / "helpdesk.db"
    engine = create_engine(f"sqlite:///{file}")
    tables = build_help_desk_tables(_NAMES)
    brought = [tables.users, tables.media_items, tables.background_tasks, tables.roles, tables.role_user]
    tables.metadata.create_all(engine, tables=brought)
    admin = {"first_name": "Ada", "last_name": "Min", "email_address": "admin@example.test", "is_admin": True}
    with engine.begin() as connection:
        connection.execute(tables.users.insert().values(id=uuid4(), **admin))
    engine.dispose()
    return file


def _run(folder: Path, *arguments: str, settings: Mapping[str, str] = {}) -> Ended:
    return run_script("--app", "helpdesk_exports:container", *arguments, folder=folder, settings=settings)


def test_migrate_points_at_the_hosts_own_tables(folder: Path, database: Path) -> None:
    ended = _run(folder, "migrate")
    assert ended.exit_code == 0, ended.err
    with closing(sqlite3.connect(database)) as connection:
        keys = connection.execute("SELECT \"table\" FROM pragma_foreign_key_list('ExportJobs')").fetchall()
    assert {table for (table,) in keys} == {"Users", "files", "jobs"}


def test_a_host_that_was_not_migrated_is_told_to_migrate_and_nothing_else(folder: Path, database: Path) -> None:
    ended = _run(folder, *_LIST)
    assert ended.problems == [f"the database lacks the tables {_OWN}; create {_OWN} with: {_MIGRATE}"]
    assert ended.exit_code == 2
    assert _run(folder, "migrate").exit_code == 0
    assert _run(folder, *_LIST).text == "no exports\n"


def test_what_only_the_host_can_bring_is_named_as_its_own(folder: Path) -> None:
    ended = _run(folder, *_LIST)
    (problem,) = ended.problems
    assert problem.split("; ") == [
        f"the database lacks the tables {_OWN}, Users, files, jobs",
        "the host itself has to create Users, files, jobs, with the names in its container",
        f"create {_OWN} with: {_MIGRATE}",
    ]


def test_a_table_that_the_library_does_not_need_of_a_host_is_not_created_by_advice(
    folder: Path, database: Path
) -> None:
    assert _run(folder, "migrate").exit_code == 0
    ended = _run(folder, "sample-data", "--tickets", "5")
    assert ended.exit_code == 1
    assert len(ended.err.splitlines()) == 1
    assert ended.problems[0].startswith("the database lacks a table (")
    assert "migrate" not in ended.problems[0]


def test_a_locked_database_is_told_as_one(folder: Path, database: Path) -> None:
    assert _run(folder, "migrate").exit_code == 0
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        quiet, loud = _run(folder, "cleanup"), _run(folder, "--debug", "cleanup")
        # Who only reads waits for nobody.
        assert _run(folder, *_LIST).text == "no exports\n"
    assert quiet.exit_code == 1
    told = "error: the database did not answer within its time limit (busy_timeout); try again later"
    assert quiet.err.splitlines() == [f"{told} (ticket-export --debug COMMAND shows where)"]
    assert "Traceback" in loud.err
    assert "database is locked" in loud.err
