"""``ticket-export retry``: export the same view again."""

import typer

from ticket_export.entrypoints.cli.commands.request import write_requested
from ticket_export.entrypoints.cli.options import As, AsJson, Job, job_id_of
from ticket_export.entrypoints.cli.session import session_of


def retry(context: typer.Context, job: Job, email: As, as_json: AsJson = False) -> None:
    """Queue a new export of the same view, with the tickets as they are now.

    The earlier export does not change. Only its requester may retry it.
    """
    session = session_of(context)
    job_id = job_id_of(job)
    container, actor = session.container(), session.actor(email)
    write_requested(session, actor, container.retry_export()(actor, job_id), as_json=as_json)
