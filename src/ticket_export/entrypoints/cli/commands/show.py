"""``ticket-export show``: one export."""

import typer

from ticket_export.entrypoints.cli.options import As, AsJson, Job, job_id_of
from ticket_export.entrypoints.cli.output.job_text import write_job
from ticket_export.entrypoints.cli.session import session_of


def show(context: typer.Context, job: Job, email: As, as_json: AsJson = False) -> None:
    """Show an export: its status, and its file if there is one."""
    session = session_of(context)
    job_id = job_id_of(job)
    write_job(session.container().get_export()(session.actor(email), job_id), as_json=as_json)
