"""The library's description of its tables is the only one: models, migrations and later versions follow it."""

from tests.django.project import DeskProject

_BEFORE = """
from django.db import connection
from django.db.migrations.state import ProjectState
from sqlalchemy import Column, Index, MetaData, Table, Text, Uuid
from tests.django.tables.catalogs import catalog
from tests.django.tables.programs import *
from ticket_export.infrastructure.django import migration as library
from ticket_export.infrastructure.persistence import tables as described

# What a later version describes: a table, a column with an index, and a column with a default.
def newer_tables(*args):
    tables = described.build_tables(*args)
    tables.export_jobs.append_column(Column("Wings", Text, key="wings"))
    tables.export_jobs.append_column(Column("Legs", Text, key="legs", nullable=False, server_default="two"))
    Index(None, tables.export_jobs.c.wings)
    return tables

def columns():
    return {column[0] for column in catalog()["ExportJobs"]["columns"]}

def indexes():
    return str(catalog()["ExportJobs"]["indexes"])

NEWER = library.AddExportParts("ExportJobs.Wings", "ExportJobs.Legs", "IX_ExportJobs_Wings")

def apply(way="database_forwards"):
    from django.db.migrations.loader import MigrationLoader
    state = MigrationLoader(connection).project_state(("ticket_export", "0001_initial"))
    with connection.schema_editor() as editor:
        getattr(NEWER, way)("ticket_export", editor, state, state)
"""


def test_a_later_migration_adds_what_an_older_version_lacks(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
migrate()
a_ticket()
export(an_admin())
older = catalog()
library.build_tables = newer_tables
apply()
assert {"Wings", "Legs"} < columns() and "IX_ExportJobs_Wings" in indexes()
newer = catalog()
with connection.cursor() as cursor:
    cursor.execute('SELECT "Wings", "Legs" FROM "ExportJobs"')
    assert cursor.fetchall() == [(None, "two")]
# A second time there is nothing to add.
apply()
assert catalog() == newer
assert export(an_admin()) == ["Subject", "Wi-Fi"]
apply("database_backwards")
assert catalog() == older
apply("database_backwards")
assert catalog() == older
"""
    )


def test_a_database_of_the_later_version_has_everything_at_once(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
migrate()
library.build_tables = newer_tables
apply()
added_later = catalog()
migrate("ticket_export", "zero")
migrate()
at_once = catalog()
assert at_once == added_later
apply()
assert catalog() == at_once
"""
    )


def test_a_later_migration_names_parts_of_the_description(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
from django.core.management import CommandError
migrate()
try:
    apply()
except CommandError as error:
    assert "the tables of exports have no ExportJobs.Wings, ExportJobs.Legs, IX_ExportJobs_Wings" in str(error), error
else:
    raise AssertionError("not refused")
"""
    )


def test_the_models_have_every_column_and_index_of_the_description(project: DeskProject) -> None:
    """So that a column that is added to the description alone makes this test fail."""
    project.run(
        _BEFORE
        + """
from django.apps import apps
migrate()
by_table = {model._meta.db_table: model for model in apps.get_app_config("ticket_export").get_models()}
tables = build_tables(names())
created = library.TableStatements.of(tables, "sqlite").created
assert by_table.keys() == {table.name for table in created} - {"ExportDatabase"}
for name, model in by_table.items():
    table = tables.metadata.tables[name]
    fields = {field.column: field for field in model._meta.local_fields}
    assert fields.keys() == {column.name for column in table.columns}, name
    assert {each.name for each in model._meta.indexes} == {index.name for index in table.indexes}, name
    for column in table.columns:
        field = fields[column.name]
        assert field.null is column.nullable, (name, column.name)
        assert field.has_db_default() is (column.server_default is not None), (name, column.name)
        # Django's own type of the column is the one that the database has.
        stored = {each[0]: each[1] for each in catalog()[name]["columns"]}[column.name].lower()
        declared = field.db_type(connection).lower()
        same = {"bool": "boolean", "integer": "bigint", "uuid": "char(32)"} if connection.vendor == "sqlite" else {}
        same |= {"varchar(50)": "character varying(50)", "integer": "bigint"} if field.is_relation else {}
        assert declared.replace("varchar", "character varying") == stored.replace("varchar", "character varying") \\
            or same.get(declared) == stored, (name, column.name, declared, stored)
"""
    )
