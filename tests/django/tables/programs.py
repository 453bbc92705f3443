"""Steps of the tests, inside a process of the project."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command

from tests.django.desk.models import Ticket
from ticket_export import adopt, create_engine, upgrade
from ticket_export.django import exports_container
from ticket_export.infrastructure.django.connection import connected_to_django
from ticket_export.infrastructure.django.databases import database_url
from ticket_export.infrastructure.django.users_table import host_table_names
from ticket_export.infrastructure.persistence.host_tables import HostTableNames
from ticket_export.infrastructure.persistence.schema.differences import schema_differences
from ticket_export.infrastructure.persistence.tables import build_tables


def names(alias: str = "default") -> HostTableNames:
    return host_table_names(get_user_model(), alias)


def migrate(*words: str, **options: Any) -> None:
    call_command("migrate", *words, verbosity=0, **options)


def migrate_by_alembic() -> tuple[str, ...]:
    """What a host did before it added the application: ``ticket-export migrate``."""
    return upgrade(create_engine(database_url("default")), names=names())


def adopt_by_alembic() -> tuple[str, ...]:
    """What takes over an ``ExportJobs`` of another program: ``ticket-export migrate --adopt``."""
    return adopt(create_engine(database_url("default")), names=names())


def differences(alias: str = "default") -> list[str]:
    """Every difference, fatal or not."""
    with connected_to_django(alias) as connection:
        return [str(each) for each in schema_differences(connection, build_tables(names(alias)))]


def an_admin(login: str = "ada") -> Any:
    model: Any = get_user_model()
    found = model._default_manager.filter(**{model.USERNAME_FIELD: login}).first()
    return found or model._default_manager.create_superuser(login)


def export(user: Any) -> list[str]:
    """Export the titles of all tickets, and return the lines of the file."""
    container = exports_container()
    actor = container.user_directory().actor_of(user)  # type: ignore[attr-defined]
    job = container.request_export()(actor, {"columns": ["title"]})
    container.worker().drain()
    with container.open_download()(actor, job.id).open() as file:
        return file.read().decode("utf-8-sig").split()


def a_ticket(title: str = "Wi-Fi") -> None:
    Ticket.objects.create(title=title, team=Group.objects.get_or_create(name="network")[0])
