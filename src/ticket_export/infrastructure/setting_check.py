"""Settings that are valid one by one, and do not fit together."""

from __future__ import annotations

from collections.abc import Iterator

from ticket_export.application.finding import Finding, warning
from ticket_export.settings import Settings


def setting_problems(settings: Settings) -> Iterator[Finding]:
    """Return what is wrong with the combination of settings."""
    if settings.retention <= max(settings.lease, settings.stall):
        yield warning(
            "settings",
            f"files are kept for {settings.retention_hours:g} h from the request, and an export that makes no progress "
            "is taken over after a longer time",
            f"set TICKET_EXPORT_RETENTION_HOURS={Settings.model_fields['retention_hours'].default:g}",
        )
    if settings.storage_patience >= settings.stall:
        yield warning(
            "settings",
            f"a storage may take no bytes for {settings.storage_patience_seconds:g} s, and after "
            f"{settings.stall_seconds:g} s without progress another attempt takes the export over",
            f"set TICKET_EXPORT_STALL_SECONDS={10 * settings.storage_patience_seconds:g}",
        )
