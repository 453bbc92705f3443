"""``ticket-export migrate``: the tables."""

from typing import Annotated

import typer

from ticket_export.entrypoints.cli.output import write_summary
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.infrastructure.migrate import upgrade


def migrate(
    context: typer.Context,
    reference_schema: Annotated[
        bool, typer.Option("--reference-schema", help="Create the help desk's tables too, for use without a host.")
    ] = False,
) -> None:
    """Create or upgrade the tables. What is up to date stays as it is."""
    container = session_of(context).container()
    upgrade(container.engine(), reference_schema=reference_schema, names=container.table_names())
    write_summary(f"ExportJobs{' and the reference schema are' if reference_schema else ' is'} up to date")
