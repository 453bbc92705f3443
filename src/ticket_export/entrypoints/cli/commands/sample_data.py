"""``ticket-export sample-data``: fill a help desk with made-up tickets."""

from time import monotonic
from typing import Annotated

import typer

from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.output.progress import progress_view
from ticket_export.entrypoints.cli.output.standard_streams import write_summary
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.infrastructure.help_desk.sample_data.loader import load_sample_data

_MAX_TICKETS = 1_000_000_000


def sample_data(
    context: typer.Context,
    tickets: Annotated[int, typer.Option(min=1, max=_MAX_TICKETS, help="The number of tickets to add.")],
    seed: Annotated[int, typer.Option(help="The same seed makes the same tickets.")] = 1,
) -> None:
    """Add made-up tickets to the reference schema, after those that are there.

    The people they need are added too, unless they are there already; among them admin@example.test,
    staff@example.test, viewer@example.test and auditor@example.test.
    """
    began = monotonic()
    fill_help_desk(session_of(context).container(), tickets=tickets, seed=seed)
    write_summary(f"{tickets:,} tickets added ({monotonic() - began:.1f} s)")


def fill_help_desk(container: TicketExportContainer, *, tickets: int, seed: int) -> None:
    """Add so many tickets, created within the last year, and show the progress."""
    with progress_view("tickets") as shown:
        load_sample_data(
            container.engine(),
            container.tables(),
            tickets=tickets,
            seed=seed,
            now=container.clock().now(),
            on_progress=lambda inserted: shown.show("Filling", inserted, tickets),
        )
