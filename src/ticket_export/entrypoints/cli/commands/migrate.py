"""``ticket-export migrate``: create or upgrade the tables."""

from typing import Annotated

import typer

from ticket_export.entrypoints.cli.output.standard_streams import write_summary
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.infrastructure.migrate import upgrade


def migrate(
    context: typer.Context,
    reference_schema: Annotated[
        bool, typer.Option("--reference-schema", help="Also create the help desk's tables, for use without a host.")
    ] = False,
) -> None:
    """Create or upgrade the tables. Tables that are up to date do not change."""
    container = session_of(context).container()
    upgrade(container.engine(), reference_schema=reference_schema, names=container.table_names())
    write_summary(f"ExportJobs{' and the reference schema are' if reference_schema else ' is'} up to date")
