"""Django's system checks of the exports: `check_settings` without a database, `check_database` with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from django.apps import apps
from django.conf import settings as django_settings
from django.core import checks, mail
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from ticket_export.application.checks.guarded import configuration_findings
from ticket_export.application.finding import Finding, Severity, error, warning
from ticket_export.entrypoints.django.current_container import exports_container, jobs_alias
from ticket_export.entrypoints.django.library_settings import APP, PREFIX, settings_without_database
from ticket_export.errors import ConfigurationError

if TYPE_CHECKING:
    from ticket_export.container import TicketExportContainer

#: The applications of Django that users and permissions need.
_NEEDED: Final = ("django.contrib.auth", "django.contrib.contenttypes")
_PUBLIC: Final = ("MEDIA_ROOT", "STATIC_ROOT")
_LEVELS: Final = {Severity.ERROR: checks.Error, Severity.WARNING: checks.Warning}


def check_settings(**_: Any) -> list[checks.CheckMessage]:
    """Check what needs no database."""
    return [
        _LEVELS[found.severity](f"{found.where}: {found.what}", hint=found.remedy, id=f"ticket_export.{number}")
        for number, found in setting_findings()
    ]


def check_database(*, databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Check the rest of the setup, as ``manage.py export_check`` does, unless migrations are still to be applied.

    Every message is a warning: an error would keep ``migrate`` from running, which may be what mends it. The storage
    of a project under test is not touched.
    """
    # An error of the settings is told already.
    if _is_in_tests() or any(found.severity is Severity.ERROR for _, found in setting_findings()):
        return []
    alias = jobs_alias()
    if alias not in (databases or ()) or not _is_migrated(alias):
        return []
    container = exports_container()
    try:
        known = {found.text for _, found in setting_findings()}
        return [
            checks.Warning(f"{found.where}: {found.what}", hint=found.remedy, id="ticket_export.W020")
            for found in container.check()
            if found.text not in known
        ]
    finally:
        # A command such as `migrate` goes on, and locks tables.
        container.engine().dispose()


def setting_findings() -> Iterator[tuple[str, Finding]]:
    """Find what is wrong with Django's settings for exports, each with the number of its message."""
    for needed in _NEEDED:
        if not apps.is_installed(needed):
            what = f"exports need {needed}, which is missing"
            yield "E001", error("INSTALLED_APPS", what, f'add "{needed}" to it')
    container = None
    try:
        container = exports_container()
    except ConfigurationError as wrong:
        yield from _numbered("E002", configuration_findings("settings" if APP in str(wrong) else APP, wrong))
    except Exception as wrong:  # noqa: BLE001 - the module of a host may raise anything, and its text may hold a secret
        what = f"its module raises {type(wrong).__name__}"
        yield "E002", error(APP, what, "import it in `python manage.py shell` to see where")
    if container is not None:
        yield from _findings_of(container)


def _findings_of(container: TicketExportContainer) -> Iterator[tuple[str, Finding]]:
    try:
        settings = settings_without_database() if _is_in_tests() else container.settings()
    except (ConfigurationError, ImproperlyConfigured) as wrong:
        remedy = "correct this setting, or remove it"
        yield from _numbered("E003", configuration_findings("settings", _told(wrong), remedy=remedy))
        return
    yield from _published(settings.storage_url)
    try:
        catalog = container.catalog()
    except ConfigurationError as wrong:
        yield from _numbered("E004", configuration_findings("catalog", wrong))
        return
    if catalog.visible_to is None:
        what = "there is no row rule, so every user who may export can export every row"
        remedy = "give catalog_for(…) visible_to=lambda actor: Q(…), or visible_to=EVERY_ROW if this is meant"
        yield "W001", warning("catalog", what, remedy)


def _numbered(number: str, found: Iterable[Finding]) -> Iterator[tuple[str, Finding]]:
    return ((number, each) for each in found)


def _told(wrong: ConfigurationError | ImproperlyConfigured) -> ConfigurationError:
    return wrong if isinstance(wrong, ConfigurationError) else ConfigurationError(f"DATABASES: {wrong}")


def _published(storage_url: str) -> Iterator[tuple[str, Finding]]:
    parts = urlsplit(storage_url)
    if parts.scheme != "file":
        return
    folder = Path(unquote(parts.path)).resolve()
    for name in _PUBLIC:
        root = getattr(django_settings, name, None)
        if root and folder.is_relative_to(Path(root).resolve()):
            yield (
                "W002",
                warning(
                    "settings",
                    f"{PREFIX}STORAGE_URL is a folder inside of {name}, whose files the web server shows to everybody",
                    f"set {PREFIX}STORAGE_URL to a folder outside of {name}",
                ),
            )


def _is_in_tests() -> bool:
    # The database of a test is another one than that of the settings.
    return hasattr(mail, "outbox")


def _is_migrated(alias: str) -> bool:
    executor = MigrationExecutor(connections[alias])
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
