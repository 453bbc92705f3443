"""Where the pages of exports are: the host's own address for them or, without one, a part of the admin."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from django.http import HttpRequest, HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language

from ticket_export.application.actor import Actor
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.django.current_container import current_actor, exports_container

if TYPE_CHECKING:
    # A host may have no admin.
    from django.contrib.admin.sites import AdminSite

#: Returns who makes a request: see `exports_urls`.
CurrentActor: TypeAlias = Callable[[HttpRequest], Actor | HttpResponseBase | None]
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
    return serve(request, current_actor, path=path)


own_pages.csrf_exempt = True  # type: ignore[attr-defined]


def serve(request: HttpRequest, actor_of: CurrentActor, **captured: Any) -> HttpResponseBase:
    """Answer a request for a page, the API, the script or the style sheet, in the language of Django."""
    answer: HttpResponseBase = _served(exports_container(), actor_of)(request, **captured)
    return answer


@lru_cache(maxsize=8)
def _served(container: TicketExportContainer, actor_of: CurrentActor) -> Any:
    # At the first request: until then a host needs no container, and a command none of the pages. A wrong setting is a
    # finding of `manage.py check`, which imports the addresses.
    from ticket_export.entrypoints.web.django import exports_urls

    (pages,), _ = exports_urls(container, current_actor=actor_of, language=lambda _request: get_language())
    return pages.callback
