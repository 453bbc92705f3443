"""``ticket-export list``: the exports that a user may see."""

from typing import Annotated

import typer

from ticket_export.application.use_cases.list_exports import MAX_PAGE, MAX_PAGE_SIZE
from ticket_export.entrypoints.cli.options import As, AsJson
from ticket_export.entrypoints.cli.output.job_text import page_text
from ticket_export.entrypoints.cli.output.standard_streams import write_json, write_line
from ticket_export.entrypoints.cli.session import session_of


def list(
    context: typer.Context,
    email: As,
    page: Annotated[int, typer.Option(min=1, max=MAX_PAGE, help="The page, counted from 1.")] = 1,
    page_size: Annotated[int, typer.Option(min=1, max=MAX_PAGE_SIZE, help="The number of exports on a page.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List exports, newest first: your own, and those of other users if you may see them."""
    session = session_of(context)
    found = session.container().list_exports()(session.actor(email), page=page, page_size=page_size)
    if as_json:
        write_json(found.model_dump(mode="json"))
    else:
        write_line(page_text(found))
