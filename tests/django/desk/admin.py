"""The admin of the help desk: its list of tickets has every kind of filter, a search, and an action that exports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Count, F, QuerySet
from django.http import HttpRequest

from tests.django.desk.models import Tag, Ticket
from ticket_export.django import export_tickets

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Ticket]
else:
    _ModelAdmin = admin.ModelAdmin


class Waiting(admin.SimpleListFilter):
    """Open tickets with a due day, and others."""

    title = "waiting"
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        if self.value() == "yes":
            return queryset.filter(state="open", due_on__isnull=False)
        return queryset.exclude(state="open") if self.value() == "no" else queryset


class TicketAdmin(_ModelAdmin):
    list_display = ("id", "title", "state", "team", "assignee", "priority", "tag_count", "opened_at")
    list_filter = (
        "state",
        "is_urgent",
        ("priority", admin.AllValuesFieldListFilter),
        ("due_on", admin.EmptyFieldListFilter),
        ("assignee", admin.RelatedOnlyFieldListFilter),
        "team",
        "tags",
        "opened_at",
        Waiting,
    )
    search_fields = ("title", "=id", "team__name", "tags__name", "assignee__username")
    date_hierarchy = "opened_at"
    list_per_page = 20
    actions = (export_tickets,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        """Of the tickets, an agent sees those of their groups."""
        found = super().get_queryset(request).annotate(tags_of=Count("tags", distinct=True))
        user: Any = request.user
        return found if user.is_superuser else found.filter(team__in=user.groups.all())

    @admin.display(description="Tags", ordering=F("tags_of").desc(nulls_last=True))
    def tag_count(self, ticket: Any) -> int:
        return int(ticket.tags_of)


admin.site.register(Ticket, TicketAdmin)
admin.site.register(Tag)
