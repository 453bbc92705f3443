"""``ticket-export demo``: a help desk, an export, and its file."""

from collections.abc import Callable
from time import monotonic
from typing import Annotated

import typer

from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.commands.sample_data import fill_help_desk
from ticket_export.entrypoints.cli.demo_folder import DemoFolder
from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.entrypoints.cli.export_here import export_here, require_file
from ticket_export.entrypoints.cli.output.output_file import open_output
from ticket_export.entrypoints.cli.output.progress import progress_view
from ticket_export.entrypoints.cli.output.saved_download import save_download
from ticket_export.entrypoints.cli.output.standard_streams import write_line
from ticket_export.entrypoints.cli.session import Session, session_of
from ticket_export.errors import MissingExtraError
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
_TICKETS = 5_000
# So many that a browser shows the progress of their export.
_WEB_TICKETS = 20_000
_PORT = 8000
_LAST_PORT = 65_535


def demo(
    context: typer.Context,
    tickets: Annotated[
        int | None,
        typer.Option(min=1, max=10_000_000, help="The number of tickets; 5,000 by default, 20,000 with --web."),
    ] = None,
    folder: Annotated[str, typer.Option(metavar="DIR", help="The folder for all files.")] = "ticket-export-demo",
    web: Annotated[
        bool, typer.Option("--web", help="Serve the help desk on this machine, with an Export button; needs Flask.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=_LAST_PORT,
            metavar="PORT",
            help="The port for --web, 8000 by default, or the next free one; 0: any free port.",
        ),
    ] = None,
) -> None:
    """Create a help desk, export a view of it, show the file.

    With --web, serve its list of tickets instead, with the button Export, a
    worker and the pages of exports, until Ctrl-C or SIGTERM. Only this machine
    can open it.

    All files are in one folder, which each demo empties first. The settings and your own database are not used.
    """
    session = session_of(context)
    if web:
        # Before an earlier demo is deleted.
        serve_desk = _web_desk()
        _, container = _prepared(session, folder, tickets or _WEB_TICKETS)
        session.tells_news = True
        serve_desk(container, _PORT if port is None else port)
        return
    if port is not None:
        raise BadInputError("--port", "needs --web")
    home, container = _prepared(session, folder, tickets or _TICKETS)
    _export(session, container, home)


def _prepared(session: Session, folder: str, tickets: int) -> tuple[DemoFolder, TicketExportContainer]:
    home = DemoFolder.prepare(folder, session.resources)
    session.opened_container = container = home.container()
    replacing = ", in place of the earlier demo" if home.replaces_earlier else ""
    write_line(f"Creating a help desk with {tickets:,} tickets in {home.path}{replacing} ...")
    upgrade(container.engine(), reference_schema=True)
    fill_help_desk(container, tickets=tickets, seed=1)
    return home, container


def _export(session: Session, container: TicketExportContainer, home: DemoFolder) -> None:
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


def _web_desk() -> Callable[[TicketExportContainer, int], None]:
    try:
        from ticket_export.entrypoints.cli.demo_desk.server import serve_desk
    except ModuleNotFoundError as error:
        raise MissingExtraError("flask", "ticket-export demo --web") from error
    return serve_desk
