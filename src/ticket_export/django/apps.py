"""Where Django looks for the configuration of the application."""

from ticket_export.entrypoints.django.apps import TicketExportConfig

__all__ = ["TicketExportConfig"]
