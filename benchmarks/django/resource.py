"""What the help desk exports with django-import-export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.widgets import ManyToManyWidget

from benchmarks.django.models import Tag, Ticket
from benchmarks.django.view import VIEWS


class TicketResource(ModelResource):
    state = Field("get_state_display", "state")
    team__name = Field("team__name", "team__name")
    assignee__username = Field("assignee__username", "assignee__username")
    assignee__email = Field("assignee__email", "assignee__email")
    tags__name = Field("tags", "tags__name", widget=ManyToManyWidget(Tag, separator=", ", field="name"))

    class Meta:
        model = Ticket
        fields = tuple(each.path for each in VIEWS["all"])
        export_order = fields


class StreamingTicketResource(TicketResource):
    """With Django's own prefetching in chunks instead of pages by OFFSET, which its documentation does not show."""

    def iter_queryset(self, queryset: QuerySet[Any]) -> Iterator[Any]:
        yield from queryset.iterator(chunk_size=self.get_chunk_size())


def tickets(view: str) -> QuerySet[Ticket]:
    """The rows of that view, newest first, with what its columns need."""
    found = Ticket.objects.order_by("-opened_at", "-id")
    if view != "own fields":
        found = found.select_related("team", "assignee")
    return found.prefetch_related("tags") if view == "all" else found
