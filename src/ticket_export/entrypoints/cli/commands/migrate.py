"""``ticket-export migrate``: the tables."""

from typing import Annotated

import typer

from ticket_export.entrypoints.cli.output import write_line
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.infrastructure.persistence.migrate import upgrade


def migrate(
    context: typer.Context,
    reference_schema: Annotated[
        bool, typer.Option("--reference-schema", help="Create the help desk's tables too, for use without a host.")
    ] = False,
) -> None:
    """Create or upgrade the tables. What is up to date stays as it is."""
    upgrade(session_of(context).container().engine(), reference_schema=reference_schema)
    write_line(f"ExportJobs{' and the reference schema are' if reference_schema else ' is'} up to date")
