"""The help desk with two views more: each requests an export, and one fails afterwards."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path

from tests.django.desk.urls import urlpatterns as desk
from ticket_export.django import current_actor, exports_container


class HostError(Exception):
    """An error of the host's own view."""


def requested(request: HttpRequest, ending: str) -> JsonResponse:
    """Request an export, in the host's block unless ATOMIC_REQUESTS has begun one, and end well or not."""
    with transaction.atomic():
        actor: Any = current_actor(request)
        job = exports_container().request_export()(actor, {"columns": ["title"]})
        if ending == "error":
            raise HostError
        if ending == "set_rollback":
            transaction.set_rollback(True)
    return JsonResponse({"id": str(job.id)})


urlpatterns = [*desk, path("requested/<str:ending>/", requested)]
