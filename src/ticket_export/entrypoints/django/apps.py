"""The application that a host adds to ``INSTALLED_APPS``."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks
from django.core.signals import setting_changed
from django.db.models.signals import post_migrate


def _forget_settings(*, setting: str, **_: object) -> None:
    # Here, since a command that exports nothing should not load the library.
    from ticket_export.entrypoints.django.current_container import forget_settings

    forget_settings(setting)


def _ensure_database_row(*, using: str, **_: object) -> None:
    # Here, for the same reason.
    from ticket_export.infrastructure.django.database_row import ensure_database_row

    ensure_database_row(using=using)


class TicketExportConfig(AppConfig):
    """Exports of tickets."""

    name = "ticket_export.entrypoints.django"
    label = "ticket_export"
    verbose_name = "Ticket exports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect what follows the settings and the migrations, and register the checks."""
        from ticket_export.entrypoints.django.library_settings import hide_secrets
        from ticket_export.entrypoints.django.system_checks import check_database, check_settings

        hide_secrets()
        setting_changed.connect(_forget_settings, dispatch_uid="ticket_export")
        post_migrate.connect(_ensure_database_row, sender=self, dispatch_uid="ticket_export")
        checks.register(check_settings, self.label)
        checks.register(check_database, self.label, checks.Tags.database)
