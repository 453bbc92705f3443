"""The list of tickets with a search, a filter and a sort. An agent sees the tickets of their teams, a superuser all."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from django_desk.models import Ticket

SORTS = {"id": "Number", "title": "Title", "opened_at": "Opened"}


@login_required
def list_tickets(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    search, state, sort = (request.GET.get(name, "") for name in ("search", "state", "sort"))
    sort = sort if sort in SORTS else "id"
    tickets = Ticket.objects.select_related("team").filter(title__icontains=search).order_by(sort, "id")
    filters = []
    if state in Ticket.State.values:
        tickets = tickets.filter(state=state)
        filters.append({"field": "state", "operator": "eq", "value": state})
    if not request.user.is_superuser:
        tickets = tickets.filter(team__members=request.user)
    # What the user sees, as the library's view.
    view = {"searchTerm": search, "filters": filters, "sortField": sort}
    chosen = {"search": search, "state": state, "sort": sort, "states": Ticket.State.choices, "sorts": SORTS.items()}
    return render(request, "tickets.html", {"tickets": tickets, "view": view, **chosen})
