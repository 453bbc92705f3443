"""``ticket-export show``: one export."""

import typer

from ticket_export.entrypoints.cli.job_text import job_text
from ticket_export.entrypoints.cli.options import As, AsJson, Job, job_id_of
from ticket_export.entrypoints.cli.output import write_json, write_line
from ticket_export.entrypoints.cli.session import session_of


def show(context: typer.Context, job: Job, email: As, as_json: AsJson = False) -> None:
    """Show an export: its status, and its file if there is one."""
    session = session_of(context)
    job_id = job_id_of(job)
    found = session.container().get_export()(session.actor(email), job_id)
    if as_json:
        write_json(found.model_dump(mode="json"))
    else:
        write_line(job_text(found))
