"""The rows of a list of Django's admin, in the order of that list, as the selection of a view.

The text of such a selection is the address of the list: ``admin:desk.ticket?o=-2&q=wifi``, behind the name of the admin
site. A user may send any text. So the list is built again for each request and run, as the user would see it then: the
permissions, filters, search and order are those of the `ModelAdmin`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo, available_timezones

import attrs
from django.conf import settings
from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.sites import AdminSite, all_sites
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, PAGE_VAR, SEARCH_VAR
from django.contrib.auth import get_user_model
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.core.handlers.wsgi import WSGIRequest
from django.db import InterfaceError, OperationalError, connections, models, transaction
from django.http import HttpRequest
from django.urls import get_resolver
from django.utils import timezone
from sqlalchemy.sql.selectable import SelectBase

from ticket_export.application.actor import Actor
from ticket_export.application.safe_text import quoted
from ticket_export.application.view.limits import MAX_SEARCH
from ticket_export.errors import TicketExportError, TicketsUnavailableError
from ticket_export.infrastructure.django.numbered_rows import numbered_rows
from ticket_export.infrastructure.django.thread_connections import close_if_lost
from ticket_export.infrastructure.tickets.read_errors import AWAY

_log = logging.getLogger(__name__)

# Keys of the address that are the library's own: the rows that were checked, and the zone of the filters' days.
_CHECKED: Final = "_pk"
_ZONE: Final = "_zone"
# These change what a page of the list shows, and not which rows the list has.
_OF_THE_PAGE: Final = {PAGE_VAR, ALL_VAR, ERROR_FLAG, "_facets"}
_NO_LIST: Final = "there is no such list, or you may not see it"
# Characters of the parameters, as web servers limit an address: a database needs minutes for a longer search.
_MAX_PARAMETERS: Final = 8 * 1024
_BITS: Final = 63
# Of SQLite: a mistake in the statement, and a statement or a value that is too long.
_SQLITE_ERROR, _SQLITE_TOOBIG = 1, 18
# Of PostgreSQL: the statement is too complex.
_PROGRAM_LIMIT: Final = "54"


@attrs.frozen(kw_only=True)
class ChangelistAddress:
    """A list of an admin site: the model's label, and the parameters that filter, search and order it.

    `checked` are the primary keys of the rows that the user has checked, as texts; None means every row of the list.
    `zone` is the time zone in which the filters of the list mean a day.
    """

    site: str
    model: str
    parameters: tuple[tuple[str, str], ...] = ()
    checked: tuple[str, ...] | None = None
    zone: str | None = None

    @classmethod
    def of(cls, model_admin: ModelAdmin[Any], request: HttpRequest, checked: Iterable[str] | None) -> Self:
        """Return the address of the list that this request shows."""
        given = ((key, value) for key, values in request.GET.lists() for value in values)
        zone = timezone.get_current_timezone_name()
        return cls(
            site=model_admin.admin_site.name,
            model=model_admin.model._meta.label_lower,
            parameters=_of_the_list(given),
            checked=None if checked is None else tuple(checked),
            zone=zone if zone != settings.TIME_ZONE and zone in available_timezones() else None,
        )

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the address that the text is.

        Raises:
            ValueError: it is not one.
        """
        place, _, query = text.partition("?")
        site, _, model = place.rpartition(":")
        pairs = parse_qsl(query, keep_blank_values=True)
        checked = tuple(value for key, value in pairs if key == _CHECKED)
        zone = next((value for key, value in pairs if key == _ZONE), None)
        if not site or model.count(".") != 1 or (zone is not None and zone not in available_timezones()):
            raise _Refused(f"{quoted(text)} is not the address of a list; it is such as admin:desk.ticket?q=printer")
        parameters = _of_the_list(pairs)
        if any(key == SEARCH_VAR and len(value) > MAX_SEARCH for key, value in parameters):
            raise _Refused(f"the search of the list may hold at most {MAX_SEARCH:,} characters")
        if len(urlencode(parameters)) > _MAX_PARAMETERS:
            raise _Refused(f"the address of the list may hold at most {_MAX_PARAMETERS:,} characters")
        return cls(site=site, model=model, parameters=parameters, checked=checked or None, zone=zone)

    def __str__(self) -> str:
        own = [(_ZONE, self.zone)] if self.zone else []
        pairs = [*self.parameters, *own, *((_CHECKED, each) for each in self.checked or ())]
        return f"{self.site}:{self.model}" + (f"?{urlencode(pairs)}" if pairs else "")


def rows_of_changelist(model: type[models.Model], alias: str, actor: Actor, selection: str) -> SelectBase:
    """Return a SELECT of the primary key and the place of each row of `model` that the list shows to the actor.

    The rows are those of the database `alias`. A function of the host that fails in the list makes it unusable: a
    worker has a request with the user, and without what middleware adds.

    Raises:
        ValueError: the selection is not the address of a list of this model, the actor may not see the list, or it
            cannot be shown with these parameters.
        TicketsUnavailableError: the database is away.
    """
    address = ChangelistAddress.read(selection)
    model_admin = _admin_of(address, model)
    user = get_user_model()._default_manager.filter(pk=actor.user_id).first()
    if user is None:
        raise _Refused(_NO_LIST)
    request = _request(address, user)
    # The users may be in another database.
    close_if_lost(alias)
    try:
        with (
            _without_harm(alias),
            timezone.override(ZoneInfo(address.zone)) if address.zone else nullcontext(),
        ):
            if not (
                model_admin.admin_site.has_permission(request) and model_admin.has_view_or_change_permission(request)
            ):
                raise _Refused(_NO_LIST)
            shown = model_admin.get_changelist_instance(request).queryset.using(alias)
            if address.checked is not None:
                shown = shown.filter(pk__in=_keys(model, address.checked))
            if problems := [str(each) for each in request._messages]:
                raise _Refused("; ".join(problems))
            return numbered_rows(shown, alias)
    except (_Refused, TicketExportError):
        raise
    except (SuspiciousOperation, IncorrectLookupParameters):
        raise _Refused("the list has no such filter, search or order") from None
    except Exception as error:
        if isinstance(error, (OperationalError, InterfaceError)) and not _is_of_the_statement(error):
            raise TicketsUnavailableError(AWAY) from error
        # A filter of the host may raise anything for a text that a user made up, and its message may hold data.
        _log.warning("the list %s cannot be shown: %r", address.model, error, exc_info=error)
        raise _Refused("the list cannot be shown with these filters, search and order") from None


class _Refused(ValueError):
    """The message is for the user."""


def _without_harm(alias: str) -> AbstractContextManager[None]:
    # A statement that fails must not end the transaction of the host. Where there is none, SQLite would take its one
    # write lock for a transaction, if the host has chosen transactions that begin with it.
    return nullcontext() if connections[alias].get_autocommit() else transaction.atomic(using=alias)


def _is_of_the_statement(error: Exception) -> bool:
    # The same class of error also means that the database is away.
    cause: Any = error.__cause__
    if (code := getattr(cause, "sqlite_errorcode", None)) is not None:
        return code in (_SQLITE_ERROR, _SQLITE_TOOBIG)
    return str(getattr(cause, "sqlstate", None) or "").startswith(_PROGRAM_LIMIT)


def _admin_of(address: ChangelistAddress, model: type[models.Model]) -> ModelAdmin[Any]:
    found = [
        site.get_model_admin(registered)
        for site in _sites(address.site)
        for registered in site._registry
        if registered._meta.concrete_model is model._meta.concrete_model
        and registered._meta.label_lower == address.model
    ]
    if len(found) > 1:
        # Their lists may differ.
        raise _Refused(f"several admin sites are named {quoted(address.site)} and have this list; rename one of them")
    if not found:
        raise _Refused(_NO_LIST)
    return found[0]


def _sites(name: str) -> Sequence[AdminSite]:
    found = [each for each in all_sites if each.name == name]
    if not found:
        # A worker has not loaded the module of a site that only the addresses name.
        _ = get_resolver().url_patterns
        found = [each for each in all_sites if each.name == name]
    return found


def _request(address: ChangelistAddress, user: Any) -> Any:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "QUERY_STRING": urlencode(address.parameters),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
    }
    request: Any = WSGIRequest(environ)
    request.user = user
    request._messages = CookieStorage(request)
    return request


def _keys(model: type[models.Model], checked: Sequence[str]) -> list[Any]:
    try:
        keys = [model._meta.pk.to_python(each) for each in checked]
    except ValidationError:
        keys = []
    # No database has such a number as a key, and SQLite's driver refuses it.
    if not keys or any(isinstance(each, int) and each.bit_length() > _BITS for each in keys):
        raise _Refused("a checked row has a key that is not one of this list")
    return keys


def _of_the_list(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    kept = [pair for pair in pairs if pair[0] not in {*_OF_THE_PAGE, _CHECKED, _ZONE}]
    # The order of keys means nothing, so that the same list is the same selection.
    return tuple(sorted(kept, key=lambda pair: pair[0]))
