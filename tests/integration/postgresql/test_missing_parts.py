"""A table or column that PostgreSQL lacks is named, also where the server speaks another language."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from tests.e2e.command_line import run_command
from ticket_export import Actor, Settings, SystemPermissions, TicketExportContainer
from ticket_export.entrypoints.cli.exit_codes import ExitCode
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import a_task, a_user

MIGRATE = "; run `ticket-export migrate`"
MISSING = [
    ('ALTER TABLE "BackgroundTasks" DROP COLUMN "LeasedUntil"', "the column LeasedUntil of BackgroundTasks"),
    ('ALTER TABLE "ExportJobs" RENAME COLUMN "RowCount" TO "Rows"', "the column RowCount of ExportJobs"),
    ('ALTER TABLE "Users" DROP COLUMN "LastName"', "the column LastName of Users"),
    ('DROP TABLE "ExportJobs" CASCADE', "the table ExportJobs"),
    ('ALTER TABLE "MediaItems" RENAME TO "Files"', "the table MediaItems"),
]


@pytest.mark.parametrize(("change", "missing"), MISSING)
@pytest.mark.parametrize("language", ["C", "de_DE.UTF-8", "pl_PL.UTF-8", "ja_JP.UTF-8"])
def test_what_a_list_of_exports_lacks_is_named(engine: Engine, change: str, missing: str, language: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(change)
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(f"SET lc_messages = '{language}'")
        except sa.exc.DBAPIError:
            pytest.skip(f"the server does not speak {language}")
        connection.exec_driver_sql(f"ALTER DATABASE \"{name}\" SET lc_messages = '{language}'")
    engine.dispose()
    with pytest.raises(JobDatabaseError) as raised, SqlAlchemyUnitOfWork(engine) as work:
        work.jobs.page(requester_ids=None, offset=0, limit=1)
    assert str(raised.value) == f"the database lacks {missing}{MIGRATE}"


def test_what_a_new_task_lacks_is_named(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql('ALTER TABLE "BackgroundTasks" DROP COLUMN "FencingToken"')
    with pytest.raises(JobDatabaseError) as raised, SqlAlchemyUnitOfWork(engine) as work:
        work.tasks.add(a_task())
    assert str(raised.value) == f"the database lacks the column FencingToken of BackgroundTasks{MIGRATE}"


def test_the_table_of_tickets_is_named_and_a_column_of_it_is_not(
    engine: Engine, postgresql_url: str, tmp_path: object
) -> None:
    container = TicketExportContainer()
    container.settings.override(Settings(database_url=postgresql_url, storage_url=f"file://{tmp_path}"))
    user = a_user()
    actor = Actor(user_id=user.id, is_admin=True, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)
    with engine.begin() as connection:
        _store(connection, user.id)
        connection.exec_driver_sql('ALTER TABLE "Tickets" DROP COLUMN "Title"')
    messages = []
    for view, change in (({"columns": ["title"]}, 'DROP TABLE "Tickets"'), ({"columns": ["id"]}, "SELECT 1")):
        job = container.request_export()(actor, view)
        container.worker().drain()
        messages.append(container.get_export()(actor, job.id).error_message)
        with engine.begin() as connection:
            connection.exec_driver_sql(change)
    container.engine().dispose()
    assert messages == [
        "The tickets could not be read from the database.",
        "The tickets could not be read: the database lacks the table Tickets.",
    ]


def _store(connection: Connection, user_id: object) -> None:
    role = "11111111-2222-3333-4444-555555555555"
    for statement in (
        """INSERT INTO "Users" ("Id", "FirstName", "LastName", "EmailAddress", "IsAdmin") VALUES
           (:user, 'A', 'B', 'a@example.test', true)""",
        """INSERT INTO "Roles" VALUES (:role, 'Agents', 'agents', 512)""",
        """INSERT INTO "RoleUser" VALUES (:role, :user)""",
    ):
        values = {"user": user_id, "role": role}
        connection.execute(sa.text(statement), {name: values[name] for name in values if f":{name}" in statement})


def test_a_command_names_every_column_that_is_missing(
    engine: Engine, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql('ALTER TABLE "BackgroundTasks" DROP COLUMN "LeasedUntil"')
        connection.exec_driver_sql('ALTER TABLE "Users" DROP COLUMN "LastName"')
        _store_without_last_name(connection)
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", postgresql_url)
    ended = run_command("list", "--as", "a@example.test")
    assert ended.exit_code == ExitCode.BAD_INPUT
    assert [problem.partition(";")[0] for problem in ended.problems] == [
        "Users.LastName is missing",
        "BackgroundTasks.LeasedUntil is missing",
    ]


def _store_without_last_name(connection: Connection) -> None:
    connection.execute(
        sa.text(
            """INSERT INTO "Users" ("Id", "FirstName", "EmailAddress", "IsAdmin")
               VALUES (gen_random_uuid(), 'A', 'a@example.test', true)"""
        )
    )
