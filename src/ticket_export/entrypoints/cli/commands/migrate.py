"""``ticket-export migrate``: create, upgrade or adopt the tables."""

from typing import Annotated

import typer

from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.entrypoints.cli.output.standard_streams import write_summary
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.infrastructure.migrate import adopt as adopt_tables
from ticket_export.infrastructure.migrate import upgrade


def migrate(
    context: typer.Context,
    reference_schema: Annotated[
        bool, typer.Option("--reference-schema", help="Also create the help desk's tables, for use without a host.")
    ] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over an ExportJobs that another program made; add what is missing.")
    ] = False,
    shared_tasks: Annotated[
        bool,
        typer.Option("--shared-tasks", help="With --adopt: store the tasks of exports in the other program's table."),
    ] = False,
) -> None:
    """Create or upgrade the tables. Tables that are up to date do not change.

    Each change is a line.
    """
    if reference_schema and adopt:
        raise BadInputError("--adopt", "cannot be combined with --reference-schema, which creates a help desk")
    if shared_tasks and not adopt:
        raise BadInputError("--shared-tasks", "needs --adopt")
    container = session_of(context).container()
    engine, names = container.engine(), container.table_names()
    if adopt:
        lines = adopt_tables(engine, names=names, shared_tasks=shared_tasks)
    else:
        lines = upgrade(engine, reference_schema=reference_schema, names=names)
    for line in lines:
        write_summary(line)
    write_summary(f"ExportJobs{' and the reference schema are' if reference_schema else ' is'} up to date")
