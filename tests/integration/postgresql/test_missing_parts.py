"""A table or column that PostgreSQL lacks is named, also where the server speaks another language."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from tests.e2e.command_line import run_command
from ticket_export.entrypoints.cli.exit_codes import ExitCode
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import a_task

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


def test_a_command_names_the_column_that_is_missing_and_how_to_add_it(
    engine: Engine, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql('ALTER TABLE "BackgroundTasks" DROP COLUMN "LeasedUntil"')
        connection.execute(
            sa.text("""INSERT INTO "Users" ("Id", "FirstName", "LastName", "EmailAddress")
                       VALUES (gen_random_uuid(), 'A', 'B', 'a@example.test')""")
        )
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", postgresql_url)
    ended = run_command("list", "--as", "a@example.test")
    assert ended.exit_code == ExitCode.BAD_INPUT
    (problem,) = ended.problems
    assert problem.startswith("the database lacks the column LeasedUntil of BackgroundTasks; run `ticket-export ")
    assert "migrate" in problem
