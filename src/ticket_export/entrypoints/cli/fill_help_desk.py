"""Adding made-up tickets, with progress shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticket_export.entrypoints.cli.progress_view import progress_view
from ticket_export.infrastructure.help_desk.sample_data.loader import load_sample_data

if TYPE_CHECKING:
    from ticket_export.container import TicketExportContainer


def fill_help_desk(container: TicketExportContainer, *, tickets: int, seed: int) -> None:
    """Add so many tickets, created within the last year."""
    with progress_view("tickets") as shown:
        load_sample_data(
            container.engine(),
            container.tables(),
            tickets=tickets,
            seed=seed,
            now=container.clock().now(),
            on_progress=lambda inserted: shown.show("Filling", inserted, tickets),
        )
