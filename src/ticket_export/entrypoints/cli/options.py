"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from ticket_export.application.safe_text import quoted
from ticket_export.entrypoints.cli.exit_codes import BadInputError

As = Annotated[str, typer.Option("--as", metavar="EMAIL", help="The active user on whose behalf the command runs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Output = Annotated[
    str, typer.Option("--output", metavar="FILE", help="The file to write or replace; - for standard output.")
]
Job = Annotated[str, typer.Argument(metavar="JOB", help="The export's id, as `list` shows it.")]


def job_id_of(text: str) -> UUID:
    """Return the id that was typed.

    Raises:
        BadInputError: it is not an id.
    """
    try:
        return UUID(text)
    except ValueError:
        raise BadInputError("JOB", f"{quoted(text)} is not the id of an export, which is a UUID") from None


def refuse_json_beside_file(is_printed: bool, as_json: bool) -> None:
    """Refuse to print both a file and JSON.

    Raises:
        BadInputError: both would go to standard output.
    """
    if is_printed and as_json:
        raise BadInputError("--json", "cannot be printed where --output puts the file")
