"""``ticket-export demo``: a help desk, an export, and its file."""

from time import monotonic
from typing import Annotated

import typer

from ticket_export.entrypoints.cli.commands.sample_data import fill_help_desk
from ticket_export.entrypoints.cli.demo_folder import DemoFolder
from ticket_export.entrypoints.cli.export_here import export_here, require_file
from ticket_export.entrypoints.cli.output.output_file import open_output
from ticket_export.entrypoints.cli.output.progress import progress_view
from ticket_export.entrypoints.cli.output.saved_download import save_download
from ticket_export.entrypoints.cli.output.standard_streams import write_line
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.infrastructure.migrate import upgrade

_ADMIN = "admin@example.test"
_VIEW: dict[str, object] = {
    # No column with long texts, since the first records of the file are printed.
    "columns": ["id", "title", "status", "priority", "contactName", "assigneeName", "teamName", "creationTime"],
    "filters": [
        {"field": "status", "operator": "is_any_of", "value": "new,open,in_progress,pending"},
        {"field": "priority", "operator": "is_any_of", "value": "high,urgent"},
    ],
    "sortField": "creationTime",
    "sortDirection": "desc",
}


def demo(
    context: typer.Context,
    tickets: Annotated[int, typer.Option(min=1, max=10_000_000, help="The number of tickets.")] = 5_000,
    folder: Annotated[str, typer.Option(metavar="DIR", help="The folder for all files.")] = "ticket-export-demo",
) -> None:
    """Create a help desk, export a view of it, show the file.

    All files are in one folder, which each demo empties first. The settings and your own database are not used.
    """
    home = DemoFolder.prepare(folder)
    session = session_of(context)
    session.opened_container = container = home.container()
    replacing = ", in place of the earlier demo" if home.replaces_earlier else ""
    write_line(f"Creating a help desk with {tickets:,} tickets in {home.path}{replacing} ...")
    upgrade(container.engine(), reference_schema=True)
    fill_help_desk(container, tickets=tickets, seed=1)
    write_line("Exporting its unsolved tickets of high and urgent priority, newest first ...")
    began = monotonic()
    actor = session.actor(_ADMIN)
    job = export_here(container, actor, _VIEW)
    require_file(job)
    file = container.open_download()(actor, job.id)
    with open_output(str(home.csv_file)) as target, progress_view("bytes") as shown:
        save_download(file, target, shown)
    write_line(
        f"\n{job.row_count:,} rows, {file.length:,} bytes, {monotonic() - began:.2f} s: {home.csv_file}\n\n"
        f"{home.first_lines()}\n\n{home.next_commands(job.id)}"
    )
