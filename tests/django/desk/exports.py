"""What the help desk exports: each agent sees the tickets of their groups, a superuser every ticket."""

from django.db.models import Q

from tests.django.desk.models import Ticket
from ticket_export.catalog import EVERY_ROW
from ticket_export.django import catalog_for, export_container

catalog = catalog_for(
    Ticket.objects.all(),
    columns=["id", "title", "state", "opened_at"],
    created_at="opened_at",
    visible_to=lambda actor: EVERY_ROW if actor.is_admin else Q(team__in=actor.attributes["groups"]),
)
container = export_container(catalog=catalog)
