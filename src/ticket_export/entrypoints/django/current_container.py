"""The container of this process, made from Django's settings."""

from __future__ import annotations

from collections.abc import Callable as FunctionOf
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, TypeVar, Unpack, cast, overload

from dependency_injector.providers import Callable, Factory, Object, Provider, Selector, ThreadSafeSingleton
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import router
from django.http import HttpRequest
from django.utils.module_loading import import_string

from ticket_export.application.actor import Actor
from ticket_export.container import Parts, TicketExportContainer
from ticket_export.entrypoints.django.library_settings import APP, PREFIX, app_setting, library_settings
from ticket_export.entrypoints.django.user_directory import DjangoUserDirectory
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.django.audit_log import DjangoAuditLog
from ticket_export.infrastructure.django.catalog import DjangoTicketCatalog
from ticket_export.infrastructure.django.connection import engine_on_django, is_in_transaction
from ticket_export.infrastructure.django.databases import engine_of
from ticket_export.infrastructure.django.thread_connections import without_connections_afterwards
from ticket_export.infrastructure.django.unit_of_work import unit_of_work_for
from ticket_export.infrastructure.django.users_table import host_table_names
from ticket_export.infrastructure.logging_audit_log import LoggingAuditLog
from ticket_export.infrastructure.persistence.database.clock import DatabaseClock
from ticket_export.infrastructure.tickets.catalog import TicketCatalog

#: A host's own subclass.
OwnContainer = TypeVar("OwnContainer", bound=TicketExportContainer)


@overload
def export_container(**parts: Unpack[Parts]) -> TicketExportContainer: ...


@overload
def export_container(kind: type[OwnContainer], /, **parts: Unpack[Parts]) -> OwnContainer: ...


def export_container(
    kind: type[TicketExportContainer] = TicketExportContainer, /, **parts: Unpack[Parts]
) -> TicketExportContainer:
    """Return a container for a host on Django; `parts` are those of `TicketExportContainer`, and `catalog` is needed.

    `kind` is a subclass of it, if the host has one.

    Settings are those of Django's settings whose names begin with ``TICKET_EXPORT_``; for others the environment is
    read. Users may download their own exports unless ``TICKET_EXPORT_DOWNLOAD_OWN`` says otherwise. The database is
    that of Django's models, as its routers say. Users and their rights are Django's (`DjangoUserDirectory`). A use case
    inside of ``atomic()``, such as that of ``ATOMIC_REQUESTS``, belongs to that transaction.

    Raises:
        ConfigurationError: a part has a name that the container does not know, or `catalog` is missing.
    """
    if "catalog" not in parts:
        raise ConfigurationError("export_container: catalog is missing; make one with catalog_for(Ticket.objects, …)")
    container = kind(**cast("Parts", {**_defaults(), **parts}))
    if "tickets_engine" not in parts:
        container.tickets_engine.override(Callable(_tickets_engine, container.catalog, container.engine.provider))
    if "unit_of_work" not in parts:
        container.unit_of_work.override(
            Callable(unit_of_work_for, Callable(jobs_alias), container.engine, container.tables)
        )
    if "audit_log" not in parts:
        in_table = Factory(DjangoAuditLog, Callable(jobs_alias), container.engine, container.tables)
        chosen = Selector(
            container.settings.provided.audit_log, log=ThreadSafeSingleton(LoggingAuditLog), table=in_table
        )
        container.audit_log.override(chosen)
    if "clock" not in parts:
        container.clock.override(Callable(_clock, container.engine.provider))
    for threads in (container.worker, container.housekeeping):
        threads.add_kwargs(around=Object(without_connections_afterwards))
    return container


def exports_container() -> TicketExportContainer:
    """Return the container that ``TICKET_EXPORT_APP`` of Django's settings names.

    Raises:
        ConfigurationError: it names nothing, or something else; or Django has not loaded the applications yet.
    """
    name = app_setting()
    if not apps.models_ready:
        raise ConfigurationError(
            "exports_container() is called before Django has loaded the applications; call it in a view, a command or "
            "a task, not while a module is imported; in a script, call django.setup() first"
        )
    _require_installed()
    return _found(name)


def _require_installed() -> None:
    if not apps.is_installed("ticket_export.entrypoints.django"):
        raise ConfigurationError('INSTALLED_APPS: exports are missing; add "ticket_export.django" to it')


@lru_cache(maxsize=8)
def _found(name: str) -> TicketExportContainer:
    try:
        found = import_string(name.replace(":", "."))
    except ImportError as error:
        raise ConfigurationError(f"{APP}: {name!r} cannot be imported: {error}") from error
    if not isinstance(getattr(found, "request_export", None), Provider):
        raise ConfigurationError(f"{APP}: {name!r} is not a container; make one with export_container(…)")
    # A class has no parts of this host.
    return cast("TicketExportContainer", found() if isinstance(found, type) else found)


def current_actor(request: HttpRequest) -> Actor | None:
    """Return the user of the request with their rights, or None if nobody is logged in.

    Raises:
        ConfigurationError: no middleware tells who is logged in.
    """
    user = getattr(request, "user", None)
    if user is None:
        raise ConfigurationError(
            "the request has no user; add django.contrib.auth.middleware.AuthenticationMiddleware to MIDDLEWARE"
        )
    if not user.is_authenticated:
        return None
    directory = exports_container().user_directory()
    return directory.actor_of(user) if isinstance(directory, DjangoUserDirectory) else directory.find(user.pk)


def jobs_alias() -> str:
    """Return the alias of the database that has the tables of exports."""
    _require_installed()
    # The models can only be imported once Django has loaded the applications.
    from ticket_export.entrypoints.django.models import ExportJob

    return router.db_for_write(ExportJob)


def tickets_alias(catalog: TicketCatalog) -> str:
    """Return the alias of the database that has the tickets."""
    return catalog.database if isinstance(catalog, DjangoTicketCatalog) else jobs_alias()


def forget_settings(setting: str) -> None:
    """Read the settings again, after a test has changed this one."""
    if not (setting.startswith(PREFIX) or setting == "DATABASES"):
        return
    library_settings.cache_clear()
    # A test may name something that is not a container, and expect the error later.
    with suppress(Exception):
        cast("Any", exports_container()).reset_singletons()


def _defaults() -> dict[str, Any]:
    return {
        "settings": Callable(lambda: library_settings(jobs_alias())),
        "table_names": Callable(lambda: host_table_names(get_user_model(), jobs_alias())),
        "engine": Callable(lambda: engine_of(jobs_alias())),
        "user_directory": DjangoUserDirectory(),
    }


def _tickets_engine(catalog: TicketCatalog, engine: FunctionOf[[], Any]) -> Any:
    return engine_of(catalog.database) if isinstance(catalog, DjangoTicketCatalog) else engine()


def _clock(engine: FunctionOf[[], Any]) -> DatabaseClock:
    alias = jobs_alias()
    return DatabaseClock(partial(engine_on_django, alias) if is_in_transaction(alias) else engine)
