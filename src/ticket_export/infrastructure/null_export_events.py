"""The name under which hosts import the events that do nothing."""

from ticket_export.infrastructure.ignored_export_events import IgnoredExportEvents as NullExportEvents

__all__ = ["NullExportEvents"]
