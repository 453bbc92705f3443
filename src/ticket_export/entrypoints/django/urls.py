"""The pages and the API of exports: ``path("exports/", include("ticket_export.django.urls"))``."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from ticket_export.application.actor import Actor
from ticket_export.entrypoints.django.current_container import current_actor
from ticket_export.entrypoints.django.mount import serve
from ticket_export.entrypoints.web.django import ANY_PATH, APP_NAME, ROUTE_NAME


@csrf_exempt
def exports(request: HttpRequest, **captured: Any) -> HttpResponseBase:
    """Answer a request for a page, the API, the script or the style sheet. The library checks the CSRF token itself."""
    return serve(request, _actor_or_login, **captured)


# For LoginRequiredMiddleware: programs get 401 from the view itself, and the script is for everybody.
exports.login_required = False  # type: ignore[attr-defined]

app_name = APP_NAME
urlpatterns = [re_path(ANY_PATH, exports, name=ROUTE_NAME)]


def _actor_or_login(request: HttpRequest) -> Actor | HttpResponseBase | None:
    actor = current_actor(request)
    # A program gets 401. A browser asks for HTML by name.
    wants_page = any(str(each).partition(";")[0] == "text/html" for each in request.accepted_types)
    return redirect_to_login(request.get_full_path()) if actor is None and wants_page else actor
