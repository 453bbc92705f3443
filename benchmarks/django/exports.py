"""What the help desk exports with this library."""

from __future__ import annotations

from benchmarks.django.models import Ticket
from benchmarks.django.view import VIEWS
from ticket_export.catalog import EVERY_ROW
from ticket_export.django import catalog_for, export_container

catalog = catalog_for(
    Ticket.objects.all(),
    columns=[each.path for each in VIEWS["all"]],
    created_at="opened_at",
    visible_to=EVERY_ROW,
)
container = export_container(catalog=catalog)
