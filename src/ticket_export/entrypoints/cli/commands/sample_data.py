"""``ticket-export sample-data``: a help desk full of made-up tickets."""

from time import monotonic
from typing import Annotated

import typer

from ticket_export.entrypoints.cli.fill_help_desk import fill_help_desk
from ticket_export.entrypoints.cli.output import write_summary
from ticket_export.entrypoints.cli.session import session_of

_MAX_TICKETS = 1_000_000_000


def sample_data(
    context: typer.Context,
    tickets: Annotated[int, typer.Option(min=1, max=_MAX_TICKETS, help="How many tickets to add.")],
    seed: Annotated[int, typer.Option(help="The same seed makes up the same tickets.")] = 1,
) -> None:
    """Add made-up tickets to the reference schema, after those that are there.

    The people they need are added too, unless they are there already; among them admin@example.test,
    staff@example.test, viewer@example.test and auditor@example.test.
    """
    began = monotonic()
    fill_help_desk(session_of(context).container(), tickets=tickets, seed=seed)
    write_summary(f"{tickets:,} tickets added ({monotonic() - began:.1f} s)")
