"""``ticket-export request``: queue an export for a worker."""

import typer

from ticket_export.entrypoints.cli.options import As, AsJson
from ticket_export.entrypoints.cli.requested import write_requested
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.entrypoints.cli.view_options import View, takes_view


@takes_view
def request(context: typer.Context, view: View, email: As, as_json: AsJson = False) -> None:
    """Queue an export of a view; a worker runs it.

    The view is what --columns and the options beside it say, or what --payload
    holds: one of the two is required. A view that is queued or running for you
    already is not queued again: its export is shown.
    """
    session = session_of(context)
    container, actor = session.container(), session.actor(email)
    write_requested(session, actor, container.request_export()(actor, view), as_json=as_json)
