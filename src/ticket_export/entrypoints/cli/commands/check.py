"""``ticket-export check``: what is wrong with the setup."""

import typer

from ticket_export.application.finding import has_error
from ticket_export.entrypoints.cli.exit_codes import ExitCode
from ticket_export.entrypoints.cli.options import AsJson
from ticket_export.entrypoints.cli.output.finding_text import finding_json, findings_text, with_commands_of
from ticket_export.entrypoints.cli.output.standard_streams import write_json, write_line
from ticket_export.entrypoints.cli.session import session_of


def check(context: typer.Context, as_json: AsJson = False) -> None:
    """Find mistakes in settings, tables, columns, rights and storage.

    Each finding says what to do. The exit code is 2 if there is an error,
    and 0 if there are only warnings. The check writes one small object into
    the storage and deletes it. It changes nothing else.
    """
    session = session_of(context)
    findings = [with_commands_of(session, each) for each in session.container().check()]
    if as_json:
        write_json([finding_json(each) for each in findings])
    else:
        write_line(findings_text(findings))
    if has_error(findings):
        raise typer.Exit(ExitCode.BAD_INPUT)
