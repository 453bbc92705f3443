"""The action *Export these tickets* of a list in a host's admin."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from ticket_export.application.actor import Actor
from ticket_export.application.ports.supports_selections import selection_check
from ticket_export.application.view.read_view import read_view
from ticket_export.entrypoints.django.current_container import current_actor, exports_container
from ticket_export.entrypoints.django.mount import exports_root
from ticket_export.errors import InvalidPayloadError
from ticket_export.infrastructure.django.changelist import ChangelistAddress

#: The name of the right to use the action: Django asks ``has_<name>_permission`` of the `ModelAdmin`.
_RIGHT: Final = "export_tickets"
_TEMPLATE: Final = "admin/ticket_export/export_tickets.html"


@admin.action(description=gettext_lazy("Export these tickets"), permissions=[_RIGHT])
def export_tickets(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Export the checked rows of a list, or all rows across its pages, in the order of the list.

    ``actions = [export_tickets]`` of the `ModelAdmin` of your tickets is all that a host needs. Only users who may
    export see the action; a method ``has_export_tickets_permission(self, request)`` of the `ModelAdmin` may say
    otherwise. The filters, the search and the order are those of the list. The columns are those of ``list_display``
    that the catalog has, or else all. Nothing is exported yet: a page leads to *New export*, or exports at once.
    """
    actor = current_actor(request)
    is_every_row = request.POST.get("select_across") == "1"
    address = ChangelistAddress.of(
        model_admin, request, None if is_every_row else request.POST.getlist(ACTION_CHECKBOX_NAME)
    )
    try:
        view = _view(model_admin, request, actor, address)
    except InvalidPayloadError as error:
        for problem in error.problems:
            messages.error(request, gettext("These tickets cannot be exported: %(problem)s") % {"problem": problem})
        return None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Export these tickets"),
        "opts": model_admin.opts,
        "count": queryset.count(),
        "is_every_row": is_every_row,
        "root": exports_root(model_admin.admin_site),
        "view": json.dumps(view),
        "back": request.get_full_path(),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, _TEMPLATE, context)


def _view(model_admin: Any, request: HttpRequest, actor: Actor | None, address: ChangelistAddress) -> dict[str, object]:
    source = exports_container().ticket_source()
    if actor is None:
        raise InvalidPayloadError(["nobody is logged in"])
    known = source.columns(actor)
    shown: Sequence[Any] = model_admin.get_list_display(request)
    named = (known.find(each) for each in shown if isinstance(each, str))
    columns = list(dict.fromkeys(each.name for each in named if each)) or [each.name for each in known]
    view: dict[str, object] = {"columns": columns, "selection": str(address)}
    zone = timezone.get_current_timezone_name()
    if zone != "UTC":
        view["timeZone"] = zone
    read_view(view, known, selections=selection_check(source, actor))
    return view


def _may_export(_model_admin: object, request: HttpRequest) -> bool:
    actor = current_actor(request)
    return actor is not None and exports_container().rights().refusal_of_request(actor) is None


# Django asks the `ModelAdmin`, and hides an action whose method says no. So that a host writes only the action, every
# `ModelAdmin` has the method.
setattr(admin.ModelAdmin, f"has_{_RIGHT}_permission", _may_export)
