"""Users of every kind export, are deleted, and have their table changed by Django."""

import pytest

from tests.django.project import DeskProject
from tests.django.tables.project import with_settings

_BEFORE = """
from django.db import connection, models
from tests.django.tables.catalogs import catalog
from tests.django.tables.programs import *
from ticket_export.entrypoints.django.models import BackgroundTask, ExportAuditEntry, ExportJob, MediaItem
migrate()
a_ticket()
ada = an_admin()
assert export(ada) == ["Subject", "Wi-Fi"]
"""
_USERS = ["people.UuidPerson", "people.TextPerson", "people.Agent", "people.OddPerson", "people.QuotedPerson"]


@pytest.mark.parametrize("user", _USERS)
def test_each_kind_of_user_exports_and_is_found_by_the_models(project: DeskProject, user: str) -> None:
    with_settings(project, AUTH_USER_MODEL=user, TICKET_EXPORT_AUDIT_LOG="table").run(
        _BEFORE
        + """
assert ExportJob.objects.get(requester=ada).requester == ada
assert ExportJob.objects.get(creator_user_id=ada.pk).creator_user_id == ada.pk
assert ExportAuditEntry.objects.filter(actor_user_id=ada.pk).count() == ExportAuditEntry.objects.count() > 0
assert {entry.actor_user_id for entry in ExportAuditEntry.objects.all()} == {ada.pk}
"""
    )


def test_a_user_with_exports_is_protected_until_they_are_forgotten(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
for delete in (ada.delete, User.objects.all().delete):
    try:
        delete()
    except models.ProtectedError as error:
        assert [type(each) for each in error.protected_objects] == [ExportJob]
    else:
        raise AssertionError("not protected")
# The database protects too, against a statement that knows no models.
try:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user")
except IntegrityError:
    pass
else:
    raise AssertionError("not protected")
exports_container().forget_user()(ada.pk)
ada.delete()
assert not User.objects.exists()
assert (ExportJob.objects.count(), MediaItem.objects.count(), BackgroundTask.objects.count()) == (0, 0, 0)
"""
    )


def test_flush_empties_the_tables_and_exports_work_after_it(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
def database_id():
    with connection.cursor() as cursor:
        cursor.execute('SELECT "Id" FROM "ExportDatabase"')
        return cursor.fetchall()
before = database_id()
# In any order of the tables.
for _ in range(5):
    call_command("flush", interactive=False, verbosity=0)
    assert (ExportJob.objects.count(), MediaItem.objects.count(), BackgroundTask.objects.count()) == (0, 0, 0)
    assert database_id() == before
    a_ticket("Printer")
    assert export(an_admin()) == ["Subject", "Printer"]
# A row that somebody has deleted comes back.
with connection.cursor() as cursor:
    cursor.execute('DELETE FROM "ExportDatabase"')
migrate()
assert len(database_id()) == 1
"""
    )


def test_dumpdata_and_loaddata_keep_every_value(project: DeskProject) -> None:
    with_settings(project, TICKET_EXPORT_AUDIT_LOG="table").run(
        _BEFORE
        + """
from tempfile import mkdtemp
from datetime import datetime
def stored(value):
    # Django's JSON has milliseconds.
    return value.replace(microsecond=value.microsecond // 1000) if isinstance(value, datetime) else value
def rows():
    every = (BackgroundTask, ExportAuditEntry, ExportJob, MediaItem)
    return {model: sorted([[*map(stored, row)] for row in model.objects.values_list()], key=str) for model in every}
for options in ({}, {"use_natural_foreign_keys": True, "use_natural_primary_keys": True}):
    before = rows()
    assert all(before.values())
    file = f"{mkdtemp()}/all.json"
    call_command("dumpdata", output=file, exclude=["contenttypes", "auth.permission"], verbosity=0, **options)
    call_command("flush", interactive=False, verbosity=0)
    call_command("loaddata", file, verbosity=0)
    assert rows() == before
assert export(an_admin()) == ["Subject", "Wi-Fi"]
"""
    )


def test_a_renamed_or_altered_table_of_users_keeps_the_foreign_key(project: DeskProject) -> None:
    project.run(
        _BEFORE
        + """
from django.contrib.auth.models import User
from ticket_export.infrastructure.django.databases import engine_of
from sqlalchemy import inspect
def referred():
    with connected_to_django("default") as other:
        return {key["referred_table"] for key in inspect(other).get_foreign_keys("ExportJobs")}
assert referred() == {"auth_user", "MediaItems", "BackgroundTasks"}
rows = list(ExportJob.objects.values_list())
with connection.schema_editor() as editor:
    editor.alter_db_table(User, "auth_user", "people")
assert referred() == {"people", "MediaItems", "BackgroundTasks"}
with connection.schema_editor() as editor:
    editor.alter_db_table(User, "people", "auth_user")
# SQLite makes the table again for each of these.
new = models.CharField(max_length=200)
new.set_attributes_from_name("first_name")
new.model = User
with connection.schema_editor() as editor:
    editor.alter_field(User, User._meta.get_field("first_name"), new)
assert referred() == {"auth_user", "MediaItems", "BackgroundTasks"}
assert list(ExportJob.objects.values_list()) == rows
assert export(ada) == ["Subject", "Wi-Fi"]
try:
    from django.db import IntegrityError, transaction
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user")
except IntegrityError:
    pass
else:
    raise AssertionError("the foreign key is gone")
"""
    )


def test_a_longer_key_of_users_loses_no_column_and_no_row(project: DeskProject) -> None:
    """On SQLite, Django then makes ``ExportJobs`` again from its model."""
    with_settings(project, AUTH_USER_MODEL="people.TextPerson").run(
        _BEFORE
        + """
from tests.django.tables.people.models import TextPerson
from ticket_export.entrypoints.django.models import ExportJob
def stored():
    with connection.cursor() as cursor:
        cursor.execute('SELECT * FROM "ExportJobs"')
        return sorted(zip([each[0] for each in cursor.description], *cursor.fetchall()))
before, columns = stored(), {each[0] for each in catalog()["ExportJobs"]["columns"]}
from django.db.migrations import AlterField
from django.db.migrations.loader import MigrationLoader
longer = AlterField("textperson", "login", models.CharField(max_length=90, primary_key=True))
state = MigrationLoader(connection).project_state()
altered = state.clone()
longer.state_forwards("people", altered)
with connection.schema_editor() as editor:
    longer.database_forwards("people", editor, state, altered)
assert stored() == before
assert {each[0] for each in catalog()["ExportJobs"]["columns"]} == columns
assert differences() == [], differences()
assert export(ada) == ["Subject", "Wi-Fi"]
exports_container().forget_user()(ada.pk)
ada.delete()
"""
    )
