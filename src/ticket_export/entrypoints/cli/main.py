"""The console script ``ticket-export``: its commands, and how each of them ends.

It imports nothing that only some commands need, so that ``--help`` and ``--version`` are quick.
"""

import sys
import traceback
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final

import typer

from ticket_export.entrypoints.cli.ending import ending_of
from ticket_export.entrypoints.cli.exit_codes import (
    ClosedOutputError,
    CommandError,
    ExitCode,
)
from ticket_export.entrypoints.cli.lazy_commands import LazyGroup
from ticket_export.entrypoints.cli.library_log import library_log
from ticket_export.entrypoints.cli.output.json_lines import json_lines, json_stderr
from ticket_export.entrypoints.cli.output.standard_streams import whole_output, write_error, write_line, write_note
from ticket_export.entrypoints.cli.session import Session, session_of

#: Name and summary of each command. The summary is the first paragraph of the command's docstring.
COMMANDS: Final = {
    "demo": "Create a help desk, export a view of it, show the file.",
    "migrate": "Create or upgrade the tables. Tables that are up to date do not change.",
    "check": "Find mistakes in settings, tables, columns, rights and storage.",
    "sample-data": "Add made-up tickets to the reference schema, after those that are there.",
    "columns": "Show the columns that can be exported, filtered, searched and sorted.",
    "export": "Request an export of a view, run it here, and save its file.",
    "request": "Queue an export of a view; a worker runs it.",
    "worker": "Run queued exports, put lost ones back into the queue, delete expired files.",
    "show": "Show an export: its status, and its file if there is one.",
    "retry": "Queue a new export of the same view, with the tickets as they are now.",
    "cancel": "End a queued or running export, and remove what it has written.",
    "list": "List exports, newest first: your own, and those of other users if you may see them.",
    "download": "Save the file of a completed export.",
    "cleanup": "Delete expired files and orphans, put lost exports back into the queue.",
    "storage": "Let this copy of a database delete files in its storage, and no other copy.",
    "purge": "Delete the rows of exports that were cleaned up some days ago.",
    "forget": "Delete all exports of a user, with their files, so that the user can be deleted.",
}

app = typer.Typer(cls=LazyGroup, add_completion=False, help="Export the ticket view you are looking at to a CSV file.")


class LogFormat(StrEnum):
    """What a command writes to standard error."""

    TEXT = "text"
    JSON = "json"


def _not_loaded() -> None:
    """Stand in for a command until `LazyGroup` loads it."""


for name, summary in COMMANDS.items():
    app.command(name, help=summary)(_not_loaded)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

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
    log_format: Annotated[
        LogFormat, typer.Option("--log-format", help="What standard error is: text, or one JSON object a line.")
    ] = LogFormat.TEXT,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    session = session_of(context)
    session.app = host_app
    session.debug = debug
    if log_format is LogFormat.JSON:
        session.resources.enter_context(json_lines(has_messages=debug))
    if context.invoked_subcommand is None:
        write_line(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code (see `ExitCode`). Problems go to standard error, one a line."""
    session = Session()
    arguments = sys.argv[1:] if arguments is None else arguments
    with whole_output(), session.resources, library_log(session):
        try:
            code = typer.main.get_command(app).main(
                args=arguments,
                prog_name="ticket-export",
                standalone_mode=False,
                obj=session,
            )
        except Exception as error:  # noqa: BLE001 - an operator gets one line for any error
            _write_json_if_asked(session, arguments)
            return _report(error, session)
        finally:
            session.close()
        if code == ExitCode.INTERRUPTED:
            _write_json_if_asked(session, arguments)
            write_error("interrupted")
        return int(code or ExitCode.OK)


def _write_json_if_asked(session: Session, arguments: Sequence[str]) -> None:
    # An error in what was typed, or Ctrl-C, may come before the options take effect.
    asks = "--log-format=json" in arguments or ("--log-format", "json") in pairwise(arguments)
    if asks and not json_stderr():
        session.resources.enter_context(json_lines(has_messages=False))


def _report(error: Exception, session: Session) -> int:
    if isinstance(error, ClosedOutputError):
        # Not marked as an error: `| head` closes the output too.
        write_note(str(error))
        return ExitCode.FAILED
    is_typed_wrong = isinstance(error, typer.TyperException)
    if session.debug and not is_typed_wrong and not json_stderr():
        traceback.print_exception(error)
    ending = ending_of(error, session)
    for line in ending.lines:
        write_error(line, None if is_typed_wrong or isinstance(error, CommandError) else error)
    return ending.exit_code
