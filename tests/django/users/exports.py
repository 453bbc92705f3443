"""Each user exports their own tickets; a superuser every ticket."""

from django.db.models import Q

from tests.django.users.models import Ticket
from ticket_export.catalog import EVERY_ROW
from ticket_export.django import catalog_for, export_container

container = export_container(
    catalog=catalog_for(
        Ticket._default_manager.all(),
        columns=["title", "opened_at"],
        created_at="opened_at",
        visible_to=lambda actor: EVERY_ROW if actor.is_admin else Q(owner=actor.user_id),
    )
)
