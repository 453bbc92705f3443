"""The help desk works in the tests' own process, on both databases."""

from __future__ import annotations

from tests.django.in_process import empty, set_up_django

set_up_django()

from django.contrib.auth.models import Group  # noqa: E402 - once Django is configured
from django.db import connections  # noqa: E402

from tests.django.desk.models import Ticket  # noqa: E402
from ticket_export.infrastructure.django.databases import engine_of  # noqa: E402


def test_each_alias_is_a_database_of_its_own_kind(alias: str) -> None:
    assert connections[alias].vendor == {"default": "sqlite", "server": "postgresql"}[alias]


def test_what_django_writes_is_in_the_librarys_engine(alias: str) -> None:
    empty(alias)
    team = Group.objects.using(alias).create(name="network")
    Ticket.objects.using(alias).create(title="Wi-Fi", team=team)
    with engine_of(alias).connect() as connection:
        assert connection.exec_driver_sql("SELECT id, title FROM desk_ticket").all() == [(1, "Wi-Fi")]
    empty(alias)
