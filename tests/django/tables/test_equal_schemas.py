"""Django's migrations and Alembic's make the same tables, for every kind of user."""

import pytest

from tests.django.project import DeskProject
from tests.django.tables.project import with_settings

_COMPARE = """
from django.contrib.auth import get_user_model
from django.core.management import call_command
from tests.django.tables.catalogs import catalog
from ticket_export import create_engine, upgrade
from ticket_export.infrastructure.django.databases import database_url, engine_of
from ticket_export.infrastructure.django.users_table import host_table_names
from ticket_export.infrastructure.persistence.schema.differences import schema_differences
from ticket_export.infrastructure.persistence.tables import build_tables

call_command("migrate", verbosity=0)
names = host_table_names(get_user_model(), "default")
with engine_of("default").connect() as connection:
    assert schema_differences(connection, build_tables(names)) == ()
by_django = catalog()
assert list(by_django) == ["MediaItems", "BackgroundTasks", "ExportJobs", "ExportAuditEntries", "ExportDatabase"]
call_command("migrate", "ticket_export", "zero", verbosity=0)
assert catalog() == {}
upgrade(create_engine(database_url("default")), names=names)
by_alembic = catalog()
assert by_alembic == by_django, (by_alembic, by_django)
call_command("migrate", verbosity=0)
assert catalog() == by_alembic
call_command("migrate", "ticket_export", "zero", verbosity=0)
assert catalog() == {}
call_command("migrate", verbosity=0)
assert catalog() == by_django
"""


@pytest.mark.parametrize(
    "user",
    ["auth.User", "people.UuidPerson", "people.TextPerson", "people.Agent", "people.OddPerson", "people.QuotedPerson"],
)
def test_the_schemas_of_django_and_of_alembic_are_equal(project: DeskProject, user: str) -> None:
    with_settings(project, AUTH_USER_MODEL=user).run(_COMPARE)
