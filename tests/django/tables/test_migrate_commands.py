"""``manage.py migrate`` is the one command that migrates a database of Django, and messages say so."""

import subprocess

from tests.django.project import DeskProject

_BEFORE = """
from pathlib import Path
from tests.django.tables.catalogs import catalog
from tests.django.tables.programs import *
from ticket_export import ConfigurationError, create_engine, downgrade
def refused(call, *args, **options):
    before = catalog()
    try:
        call(*args, **options)
    except ConfigurationError as error:
        assert "run `python manage.py migrate`" in str(error), error
        assert catalog() == before
        return
    raise AssertionError("not refused")
"""


def test_the_librarys_own_migrations_refuse_a_database_of_django(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
container = exports_container()
engine = container.engine()
# The engine of the host says so, also before there is a table.
for call in (upgrade, adopt, downgrade):
    refused(call, engine, names=container.table_names())
refused(upgrade, engine, reference_schema=True)
migrate()
# Another engine learns it from the database.
other = create_engine(database_url("default"))
for call in (upgrade, adopt, downgrade):
    refused(call, other, names=container.table_names())
refused(upgrade, other, reference_schema=True)
migrate("ticket_export", "zero")
# Without the application's tables, the database is anybody's.
assert "ExportJobs: created" in upgrade(other, names=container.table_names())
"""
    )


def test_the_command_line_names_the_command_of_django(project: DeskProject) -> None:
    def command(*words: str) -> subprocess.CompletedProcess[str]:
        arguments = ["--app", "tests.django.desk.exports:container", *words]
        run = f"raise SystemExit(main({arguments!r}))"
        return project.run(f"from ticket_export.entrypoints.cli.main import main\n{run}", check=False)

    for words in (["migrate"], ["migrate", "--adopt"]):
        ended = command(*words)
        assert ended.returncode == 2, ended
        assert "run `python manage.py migrate`" in ended.stderr
    ended = command("check")
    assert "run `python manage.py migrate`" in ended.stdout + ended.stderr, ended
    assert "ticket-export migrate" not in ended.stdout + ended.stderr, ended
    project.run(
        "from django.core.management import call_command\nfrom django.contrib.auth.models import User\n"
        "call_command('migrate', 'auth', verbosity=0)\nUser.objects.create_superuser('ada', 'ada@example.test')"
    )
    ended = command("show", "00000000-0000-0000-0000-000000000001", "--as", "ada@example.test")
    assert ended.returncode == 2, ended
    assert "ExportJobs, MediaItems with: python manage.py migrate" in ended.stderr, ended
    assert "ticket-export" not in ended.stderr, ended


def test_errors_of_a_database_without_tables_name_the_command_of_django(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
from django.db import connection, transaction
from ticket_export.errors import JobDatabaseError
migrate()
a_ticket()
container = exports_container()
actor = container.user_directory().actor_of(an_admin())
def told(change, back):
    with connection.cursor() as cursor:
        cursor.execute(change)
    found = []
    for block in (transaction.atomic, __import__("contextlib").nullcontext):
        try:
            with block():
                container.request_export()(actor, {"columns": ["title"]})
        except JobDatabaseError as error:
            found.append(str(error))
    with connection.cursor() as cursor:
        cursor.execute(back)
    assert len(found) == 2 and all("run `python manage.py migrate`" in each for each in found), found
told('ALTER TABLE "ExportJobs" RENAME TO "Gone"', 'ALTER TABLE "Gone" RENAME TO "ExportJobs"')
column = 'ALTER TABLE "BackgroundTasks" RENAME COLUMN '
told(column + '"ShareKey" TO "Gone"', column + '"Gone" TO "ShareKey"')
container.request_export()(actor, {"columns": ["title"]})
"""
    )


def test_findings_and_differences_name_the_command_of_django(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
container = exports_container()
told = [str(finding) for finding in container.check()]
said = "\\n".join(told)
assert "run `python manage.py migrate`" in said and "ticket-export migrate" not in said, said
assert "auth_user" in said and "ExportJobs" in said
migrate()
with connected_to_django("default") as other:
    other.exec_driver_sql('ALTER TABLE "ExportJobs" RENAME COLUMN "CompletedAt" TO "Gone"')
    other.exec_driver_sql('ALTER TABLE "MediaItems" RENAME COLUMN "StoragePlace" TO "Lost"')
said = "\\n".join(differences())
assert "run `python manage.py migrate`" in said and "ticket-export" not in said, said
"""
    )


def test_sqlmigrate_shows_what_migrate_would_do(project: DeskProject) -> None:
    first = project.manage("sqlmigrate", "ticket_export", "0001").stdout
    assert first.startswith("BEGIN;")
    assert first.rstrip().endswith("COMMIT;")
    for statement in (
        'CREATE TABLE "ExportJobs" (',
        'CONSTRAINT "FK_ExportJobs_auth_user_RequesterUserId" FOREIGN KEY("RequesterUserId") REFERENCES auth_user (id)',
        'CREATE INDEX "IX_ExportJobs_ExpiresAt_IsCleanedUp" ON "ExportJobs" ("ExpiresAt", "IsCleanedUp");',
        'INSERT INTO "ExportDatabase" ("Id") VALUES (',
    ):
        assert statement in first
    project.manage("migrate", "--verbosity=0")
    # It shows the same in a database that has the tables, as Django's own operations do.
    assert project.manage("sqlmigrate", "ticket_export", "0001").stdout.count(";") == first.count(";")
    backwards = project.manage("sqlmigrate", "ticket_export", "0001", "--backwards").stdout
    dropped = [line for line in backwards.splitlines() if line.startswith("DROP TABLE")]
    assert dropped == [
        f'DROP TABLE "{name}";'
        for name in ("ExportDatabase", "ExportAuditEntries", "ExportJobs", "BackgroundTasks", "MediaItems")
    ]


def test_the_statements_of_sqlmigrate_make_the_tables(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
from django.db import connection
from io import StringIO
for app in ("contenttypes", "auth"):
    migrate(app)
shown = call_command("sqlmigrate", "ticket_export", "0001", no_color=True, stdout=StringIO())
with connected_to_django("default") as other:
    for statement in shown.split(";\\n"):
        if statement.strip() and statement.strip() not in {"BEGIN", "COMMIT;", "COMMIT"}:
            other.exec_driver_sql(statement)
by_hand = catalog()
assert differences() == []
migrate("ticket_export", fake=True)
migrate("ticket_export", "zero")
migrate("ticket_export")
assert catalog() == by_hand
"""
    )


def test_the_plan_says_what_the_migration_does(project: DeskProject) -> None:
    plan = project.manage("migrate", "--plan").stdout
    assert "ticket_export.0001_initial\n    Custom state/database change combination" in plan
    project.manage("migrate", "--verbosity=0")
    assert "No planned migration operations" in project.manage("migrate", "--plan").stdout
    assert "ticket_export.0001_initial" in project.manage("migrate", "--plan", "ticket_export", "zero").stdout
