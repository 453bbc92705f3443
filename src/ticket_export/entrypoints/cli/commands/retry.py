"""``ticket-export retry``: the same view once more."""

import typer

from ticket_export.entrypoints.cli.options import As, AsJson, Job, job_id_of
from ticket_export.entrypoints.cli.requested import write_requested
from ticket_export.entrypoints.cli.session import session_of


def retry(context: typer.Context, job: Job, email: As, as_json: AsJson = False) -> None:
    """Queue a new export of the same view, with the tickets as they are now.

    The export that is retried stays as it is. Only the user who requested it may retry it.
    """
    session = session_of(context)
    job_id = job_id_of(job)
    container, actor = session.container(), session.actor(email)
    write_requested(session, actor, container.retry_export()(actor, job_id), as_json=as_json)
