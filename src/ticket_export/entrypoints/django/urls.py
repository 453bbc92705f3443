"""The pages and the API of exports: ``path("exports/", include("ticket_export.django.urls"))``."""

from __future__ import annotations

from django.utils.translation import get_language

from ticket_export.entrypoints.django.current_container import current_actor, exports_container
from ticket_export.entrypoints.web.django import exports_urls

urlpatterns, app_name = exports_urls(
    exports_container(), current_actor=current_actor, language=lambda _request: get_language()
)
