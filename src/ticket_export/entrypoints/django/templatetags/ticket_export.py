"""The Export button of a host's list: ``{% load ticket_export %}{% export_button view %}``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

from ticket_export.entrypoints.web.django import APP_NAME, ROUTE_NAME
from ticket_export.entrypoints.web.pages.languages import Languages
from ticket_export.errors import ConfigurationError

register = template.Library()

_TAG: Final = "export_button"
_ZONE: Final = "timeZone"
# A view is read with these keys too.
_ZONE_SPELLINGS: Final = {_ZONE, "TimeZone", "time_zone"}


@register.simple_tag(takes_context=True)
def export_button(
    context: template.Context,
    view: Mapping[str, Any] | str | None = None,
    *,
    search: str | None = None,
    sort: str | None = None,
    label: str | None = None,
) -> SafeString:
    """Return the button that exports the view that the user looks at, with the script that it needs.

    `view` is a dict, or its JSON; docs/reference/views.md has its keys. `search` and `sort` are its search term and its
    column of the order, with a ``-`` in front for descending. `label` is the text of the button; the default is
    "Export" in the language of the page. Without a time zone, the view has the current one of Django.

    Raises:
        ConfigurationError: the view is not a JSON object, or the URLs of the exports are not mounted.
    """
    given = _object_of(view)
    if search is not None:
        given["searchTerm"] = str(search)
    if sort:
        given["sortField"] = sort.removeprefix("-")
        given["sortDirection"] = "desc" if sort.startswith("-") else "asc"
    zone = get_current_timezone_name()
    if not _ZONE_SPELLINGS & given.keys() and zone in available_timezones():
        given[_ZONE] = zone
    return format_html(
        '<script type="module" src="{}"{}></script><ticket-export view="{}"><a href="{}">{}</a></ticket-export>',
        _address("static/ticket-export.js", context),
        format_html_join("", ' nonce="{}"', [(nonce,) for nonce in _nonces(context)]),
        json.dumps(given, cls=DjangoJSONEncoder),
        _address("new", context),
        _export() if label is None else label,
    )


def _object_of(view: Mapping[str, Any] | str | None) -> dict[str, Any]:
    if not view:
        return {}
    if isinstance(view, str):
        try:
            view = json.loads(view)
        except ValueError as error:
            raise ConfigurationError(f"{_TAG}: the view is not JSON: {error}; pass a dict, or json.dumps(…)") from error
    if not isinstance(view, Mapping):
        raise ConfigurationError(f"{_TAG}: the view is a {type(view).__name__}; pass a dict, or the JSON of an object")
    return dict(view)


def _address(path: str, context: template.Context) -> str:
    # The host's prefix may have values of its own, such as a tenant. They are the first ones of this page, which may
    # have more.
    match = getattr(context.get("request"), "resolver_match", None)
    captured = list(getattr(match, "kwargs", {}).items())
    for count in range(len(captured) + 1):
        with suppress(NoReverseMatch):
            return reverse(f"{APP_NAME}:{ROUTE_NAME}", kwargs={**dict(captured[:count]), "path": path})
    raise ConfigurationError(
        f"{_TAG}: the URLs of the exports are not mounted; add "
        'path("exports/", include("ticket_export.django.urls")) to your urlpatterns'
    )


def _nonces(context: template.Context) -> list[str]:
    """Return the nonce of the page's Content-Security-Policy, by Django 6 or django-csp, if there is one."""
    nonce = context.get("csp_nonce")
    if nonce is None:
        nonce = getattr(context.get("request"), "csp_nonce", None)
    # It is made when it is first shown; until then it may count as false.
    text = "" if nonce is None else str(nonce)
    return [text] if text else []


def _export() -> str:
    return _languages().find(get_language() or "en").gettext("Export")


@cache
def _languages() -> Languages:
    return Languages()
