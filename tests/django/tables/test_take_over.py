"""``manage.py migrate`` in a database that has tables of exports, or something else of these names."""

import pytest

from tests.django.project import DeskProject

_BEFORE = """
from django.db import connection
from django.core.management import CommandError, call_command
from tests.django.tables.catalogs import catalog
from tests.django.tables.programs import *
from ticket_export.entrypoints.django.models import ExportJob
for app in ("contenttypes", "auth", "desk"):
    migrate(app)
def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []
def refused():
    before = catalog()
    try:
        migrate()
    except CommandError as error:
        assert catalog() == before
        assert sql("SELECT name FROM django_migrations WHERE app = 'ticket_export'") == []
        return str(error)
    raise AssertionError("not refused")
"""


def test_tables_of_ticket_export_migrate_are_taken_over_with_their_rows(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
migrate_by_alembic()
a_ticket()
assert export(an_admin()) == ["Subject", "Wi-Fi"]
before = catalog(), sql('SELECT * FROM "ExportJobs"'), sql('SELECT * FROM "ExportDatabase"')
migrate()
assert before == (catalog(), sql('SELECT * FROM "ExportJobs"'), sql('SELECT * FROM "ExportDatabase"'))
assert export(an_admin()) == ["Subject", "Wi-Fi"]
assert ExportJob.objects.filter(status="completed").count() == 2
migrate("ticket_export", "zero")
assert catalog() == {}
migrate()
assert catalog() == before[0] and ExportJob.objects.count() == 0
assert export(an_admin()) == ["Subject", "Wi-Fi"]
"""
    )


def test_tables_of_an_older_version_are_brought_up_to_date(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
from alembic import command
from ticket_export.infrastructure import migrate as library
migrate_by_alembic()
up_to_date = catalog()
engine = create_engine(database_url("default"))
with library._transaction(engine) as old:
    command.downgrade(library._EXPORT_JOBS.config(old, names()), "add_export_audit_entries")
assert "ExportDatabase" not in catalog() and differences() != []
migrate()
assert catalog() == up_to_date and differences() == []
a_ticket()
assert export(an_admin()) == ["Subject", "Wi-Fi"]
"""
    )


def test_tables_of_a_newer_version_are_refused(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
migrate_by_alembic()
sql("UPDATE ticket_export_version SET version_num = 'add_wings'")
assert "a newer version of ticket-export has migrated this database" in refused()
"""
    )


def test_an_adopted_table_stays_when_django_goes_back_to_zero(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
with create_engine(database_url("default")).begin() as other:
    tables = build_tables(names())
    for table in (tables.media_items, tables.background_tasks, tables.export_jobs):
        table.create(other)
assert "ticket_export.adopt(" in refused()
adopt_by_alembic()
migrate()
a_ticket()
assert export(an_admin()) == ["Subject", "Wi-Fi"]
migrate("ticket_export", "zero")
assert {"MediaItems", "BackgroundTasks", "ExportJobs"} == set(catalog())
assert sql('SELECT count(*) FROM "ExportJobs"') == [(1,)]
"""
    )


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
def test_something_else_of_a_needed_name_is_refused_and_stays(project: DeskProject, kind: str) -> None:
    definition = "(id integer)" if kind == "TABLE" else "AS SELECT 1 AS id"
    project.run(
        _BEFORE
        + f"""
for table in ("MediaItems", "BackgroundTasks", "ExportJobs", "ExportAuditEntries", "ExportDatabase"):
    sql(f'CREATE {kind} "{{table}}" {definition}')
    message = refused()
    assert f"the database has {{table}} already" in message and "rename or drop what is there" in message, message
    assert sql(f'SELECT count(*) FROM "{{table}}"') == [({int(kind == "VIEW")},)]
    sql(f'DROP {kind} "{{table}}"')
migrate()
assert differences() == []
"""
    )


def test_an_index_of_a_needed_name_is_refused(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
sql('CREATE INDEX "IX_ExportJobs_Status" ON auth_user (username)')
assert "needs the name IX_ExportJobs_Status for an index" in refused()
"""
    )


def test_a_migration_that_fails_leaves_nothing_behind(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
from ticket_export.infrastructure.django import table_statements
working = table_statements.TableStatements.add_database_row
table_statements.TableStatements.add_database_row = lambda self: 'INSERT INTO "ExportDatabase" VALUES (NULL)'
try:
    migrate()
except Exception as error:
    assert "ExportDatabase" in str(error), error
else:
    raise AssertionError("it did not fail")
assert catalog() == {} and sql("SELECT 1 FROM django_migrations WHERE app = 'ticket_export'") == []
table_statements.TableStatements.add_database_row = working
migrate()
assert differences() == []
"""
    )


def test_a_refusal_is_one_line_without_a_traceback(project: DeskProject) -> None:
    project.run(_BEFORE + """sql('CREATE TABLE "MediaItems" (id integer)')""")
    ended = project.manage("migrate", "--verbosity=0", check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("CommandError: the database has MediaItems already")
    assert "Traceback" not in ended.stderr
