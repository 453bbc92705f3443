"""The application that a host adds to ``INSTALLED_APPS``."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.signals import setting_changed
from django.db.models.signals import post_migrate


def _forget_settings(*, setting: str, **_: object) -> None:
    # These import what they call, since a command that exports nothing should not load the library.
    from ticket_export.entrypoints.django.current_container import forget_settings

    forget_settings(setting)


def _ensure_database_row(*, using: str, **_: object) -> None:
    from ticket_export.infrastructure.django.database_row import ensure_database_row

    ensure_database_row(using=using)


def _check_settings(**given: Any) -> list[checks.CheckMessage]:
    from ticket_export.entrypoints.django.system_checks import check_settings

    return check_settings(**given)


def _check_database(**given: Any) -> list[checks.CheckMessage]:
    from ticket_export.entrypoints.django.system_checks import check_database

    return check_database(**given)


class TicketExportConfig(AppConfig):
    """Exports of tickets."""

    name = "ticket_export.entrypoints.django"
    label = "ticket_export"
    verbose_name = "Ticket exports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect what follows the settings and the migrations, and register the checks."""
        from ticket_export.entrypoints.django.library_settings import hide_secrets

        hide_secrets()
        setting_changed.connect(_forget_settings, dispatch_uid="ticket_export")
        post_migrate.connect(_ensure_database_row, sender=self, dispatch_uid="ticket_export")
        checks.register(_check_settings, self.label)
        checks.register(_check_database, self.label, checks.Tags.database)
