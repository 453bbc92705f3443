"""The list of tickets. A user sees the tickets of the groups that they are in; a superuser sees all."""

import json

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from django_help_desk.models import Ticket


@login_required
def list_tickets(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    search = request.GET.get("search", "")
    tickets = Ticket.objects.filter(title__icontains=search).order_by("id")
    if not request.user.is_superuser:
        tickets = tickets.filter(team__in=request.user.groups.values("name"))
    view = json.dumps({"searchTerm": search, "sortField": "id"})
    return render(request, "tickets.html", {"tickets": tickets, "search": search, "view": view})
