"""The console script ``ticket-export``: its commands, and how each of them ends."""

import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from ticket_export.entrypoints.cli.commands.cancel import cancel
from ticket_export.entrypoints.cli.commands.cleanup import cleanup
from ticket_export.entrypoints.cli.commands.columns import columns
from ticket_export.entrypoints.cli.commands.demo import demo
from ticket_export.entrypoints.cli.commands.download import download
from ticket_export.entrypoints.cli.commands.export import export
from ticket_export.entrypoints.cli.commands.list import list_exports
from ticket_export.entrypoints.cli.commands.migrate import migrate
from ticket_export.entrypoints.cli.commands.request import request
from ticket_export.entrypoints.cli.commands.retry import retry
from ticket_export.entrypoints.cli.commands.sample_data import sample_data
from ticket_export.entrypoints.cli.commands.show import show
from ticket_export.entrypoints.cli.commands.worker import worker
from ticket_export.entrypoints.cli.database_ending import database_ending
from ticket_export.entrypoints.cli.exit_codes import ClosedOutputError, ExitCode, foreseen_ending, unforeseen_ending
from ticket_export.entrypoints.cli.library_log import library_log
from ticket_export.entrypoints.cli.output import whole_output, write_error, write_line, write_note
from ticket_export.entrypoints.cli.plain_flags import PlainFlagsCommand, PlainFlagsGroup
from ticket_export.entrypoints.cli.session import Session, session_of

_COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo,
    "migrate": migrate,
    "sample-data": sample_data,
    "columns": columns,
    "export": export,
    "request": request,
    "worker": worker,
    "show": show,
    "retry": retry,
    "cancel": cancel,
    "list": list_exports,
    "download": download,
    "cleanup": cleanup,
}

app = typer.Typer(
    cls=PlainFlagsGroup, add_completion=False, help="Export the ticket view you are looking at to a CSV file."
)
for name, command in _COMMANDS.items():
    app.command(name, cls=PlainFlagsCommand)(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        write_line(f"ticket-export {version('ticket-export')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _global_options(
    context: typer.Context,
    host_app: Annotated[
        str | None,
        typer.Option("--app", metavar="MODULE:ATTRIBUTE", help="Use a host's own container (or TICKET_EXPORT_APP)."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the log, and where an error comes from.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    session = session_of(context)
    session.app = host_app
    session.debug = debug
    if context.invoked_subcommand is None:
        write_line(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives its exit code (see `ExitCode`). Problems go to standard error, one a line."""
    session = Session()
    with whole_output(), library_log(session):
        try:
            code = typer.main.get_command(app).main(
                args=sys.argv[1:] if arguments is None else arguments,
                prog_name="ticket-export",
                standalone_mode=False,
                obj=session,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, an operator gets one line
            return _report(error, session)
        finally:
            session.close()
    if code == ExitCode.INTERRUPTED:
        write_error("interrupted")
    return int(code or ExitCode.OK)


def _report(error: Exception, session: Session) -> int:
    if isinstance(error, ClosedOutputError):
        # Not marked as an error, since it is what `| head` does.
        write_note(str(error))
        return ExitCode.FAILED
    if session.debug and not isinstance(error, typer.TyperException):
        traceback.print_exception(error)
    ending = database_ending(error, session) or foreseen_ending(error) or unforeseen_ending(error)
    for line in ending.lines:
        write_error(line)
    return ending.exit_code
