"""``ticket-export cancel``: end an export."""

import typer

from ticket_export.entrypoints.cli.options import As, AsJson, Job, job_id_of
from ticket_export.entrypoints.cli.output.job_text import write_job
from ticket_export.entrypoints.cli.session import session_of


def cancel(context: typer.Context, job: Job, email: As, as_json: AsJson = False) -> None:
    """End a queued or running export, and remove what it has written.

    Its status is then failed, with the message Cancelled. Only its requester may cancel it.
    """
    session = session_of(context)
    job_id = job_id_of(job)
    actor = session.actor(email)
    session.container().cancel_export()(actor, job_id)
    write_job(session.container().get_export()(actor, job_id), as_json=as_json)
