"""The pages and the API of exports: ``path("exports/", include("ticket_export.django.urls"))``."""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import get_language

from ticket_export.application.actor import Actor
from ticket_export.entrypoints.django.current_container import current_actor, exports_container
from ticket_export.entrypoints.web.django import exports_urls

_KINDS = ["application/json", "text/html"]


def _actor_or_login(request: HttpRequest) -> Actor | HttpResponseBase | None:
    """Return the user of the request; send a browser without one to ``LOGIN_URL``, and let a program get a 401."""
    actor = current_actor(request)
    if actor is None and request.get_preferred_type(_KINDS) == "text/html":
        return redirect_to_login(request.get_full_path())
    return actor


urlpatterns, app_name = exports_urls(
    exports_container(), current_actor=_actor_or_login, language=lambda _request: get_language()
)
