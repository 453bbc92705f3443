"""Options and arguments that several commands take, each defined once."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from ticket_export.application.safe_text import quoted
from ticket_export.entrypoints.cli.exit_codes import BadInputError

As = Annotated[str, typer.Option("--as", metavar="EMAIL", help="The active user on whose behalf this is done.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Output = Annotated[
    str, typer.Option("--output", metavar="FILE", help="The file to write; - for standard output. Replaced if there.")
]
Job = Annotated[str, typer.Argument(metavar="JOB", help="The export's id, as `list` shows it.")]


def job_id_of(text: str) -> UUID:
    """The id that was typed.

    Raises:
        BadInputError: it is no id at all, hence cannot be somebody's export.
    """
    try:
        return UUID(text)
    except ValueError:
        raise BadInputError("JOB", f"{quoted(text)} is no export's id, which is a UUID") from None


def refuse_json_beside_file(is_printed: bool, as_json: bool) -> None:
    """A file and JSON cannot both go to standard output.

    Raises:
        BadInputError: they were to.
    """
    if is_printed and as_json:
        raise BadInputError("--json", "cannot be printed where --output puts the file")
