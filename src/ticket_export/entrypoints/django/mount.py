"""Where the pages of exports are: the host's own address for them or, without one, a part of the admin."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest, HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language

from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.django.current_container import current_actor, exports_container

#: The name of the admin's own address of the pages.
OWN_NAME: Final = "ticket_export_exportjob_exports"


def exports_root(site: AdminSite) -> str:
    """Return the path of the pages without its last slash: that of the host, or that below the list of exports."""
    places: list[tuple[str, str | None]] = [("ticket_export:exports", None)]
    # Exports are registered with the default site, which another site may lack.
    places += [(f"admin:{OWN_NAME}", site.name), (f"admin:{OWN_NAME}", None)]
    for name, current_app in places:
        try:
            return reverse(name, kwargs={"path": ""}, current_app=current_app).rstrip("/")
        except NoReverseMatch:
            # Not mounted, or below a prefix with values that only a request of the host has.
            continue
    raise NoReverseMatch(
        "the pages of exports have no address; add path('exports/', include('ticket_export.django.urls'))"
    )


def own_pages(request: HttpRequest, path: str) -> HttpResponseBase:
    """Serve the pages below the list of exports in the admin. It checks the tokens of forms itself."""
    answer: HttpResponseBase = _served(exports_container())(request, path=path)
    return answer


own_pages.csrf_exempt = True  # type: ignore[attr-defined]


@lru_cache(maxsize=4)
def _served(container: TicketExportContainer) -> Any:
    # At the first request: until then a host needs no container, and a command none of the pages.
    from ticket_export.entrypoints.web.django import exports_urls

    (pages,), _ = exports_urls(container, current_actor=current_actor, language=lambda _request: get_language())
    return pages.callback
