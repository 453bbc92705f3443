"""A new desk, with neither users nor tickets, passes the check."""

from __future__ import annotations

from tests.django.project import DeskProject

# The keys of made-up users, such as a UUID, are too large for SQLite.
_CHECK = """
from django.db.models import Q
from tests.django.desk.models import Ticket
from ticket_export.django import catalog_for, export_container
rule = lambda actor: Q(team__user=actor.user_id)
catalog = catalog_for(Ticket.objects.all(), columns=["title"], visible_to=rule)
print([found.text for found in export_container(catalog=catalog).check()])
"""


def test_rule_by_the_key_of_the_user_is_no_mistake_while_there_are_no_users(project: DeskProject) -> None:
    project.manage("migrate", "--verbosity=0")
    assert project.run(_CHECK).stdout == "[]\n"
