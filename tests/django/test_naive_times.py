"""A host without time zones (``USE_TZ = False``) in UTC: its times and its rules mean the same moments."""

from __future__ import annotations

import attrs

from tests.django.project import DeskProject

_EXPORT = """
from datetime import date, datetime
from django.contrib.auth.models import Group
from django.db.models import Q
from tests.django.desk.models import Ticket
from tests.django.read_catalog import records
from ticket_export.django import catalog_for
team = Group.objects.create(name="network")
for day in (1, 2, 3):
    ticket = Ticket.objects.create(title=f"day {day}", team=team)
    Ticket.objects.filter(pk=ticket.pk).update(opened_at=datetime(2026, 3, day, 23, 30))
for rule in (Q(opened_at__gte=datetime(2026, 3, 2)), Q(opened_at__date=date(2026, 3, 1)), Q(opened_at__hour=23)):
    paths = ["title", "opened_at", "opened_at__date"]
    made = catalog_for(Ticket.objects.all(), columns=paths, visible_to=lambda _: rule)
    wanted = [
        [each.title, each.opened_at.strftime("%Y-%m-%d %H:%M:%S"), str(each.opened_at.date())]
        for each in Ticket.objects.filter(rule).order_by("pk")
    ]
    assert records(made) == wanted, (records(made), wanted)
    print(len(wanted))
"""


def test_times_and_rules_are_those_of_the_orm(project: DeskProject) -> None:
    naive = attrs.evolve(project, options=frozenset({"DESK_NAIVE"}))
    naive.manage("migrate", "--verbosity=0")
    assert naive.run(_EXPORT).stdout.split() == ["2", "1", "3"]
