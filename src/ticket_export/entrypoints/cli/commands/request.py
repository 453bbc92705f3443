"""``ticket-export request``: queue an export for a worker."""

import typer

from ticket_export.application.actor import Actor
from ticket_export.application.dto import RequestedExportDto
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.entrypoints.cli.options import As, AsJson
from ticket_export.entrypoints.cli.output.job_text import already_requested_text, write_job
from ticket_export.entrypoints.cli.output.standard_streams import write_note
from ticket_export.entrypoints.cli.session import Session, session_of
from ticket_export.entrypoints.cli.view_options import View, takes_view


@takes_view
def request(context: typer.Context, view: View, email: As, as_json: AsJson = False) -> None:
    """Queue an export of a view; a worker runs it.

    --columns and the other options describe the view, or --payload holds it:
    one of the two is required. If the same view is already queued or running
    for you, that export is shown instead.
    """
    session = session_of(context)
    container, actor = session.container(), session.actor(email)
    write_requested(session, actor, container.request_export()(actor, view), as_json=as_json)


def write_requested(session: Session, actor: Actor, requested: RequestedExportDto, *, as_json: bool) -> None:
    """Write the export as it is now, and to standard error whether it is a new one."""
    # A worker may run it already; the queue `inline` has even finished it.
    job = requested.model_copy(update=dict(session.container().get_export()(actor, requested.id)))
    if requested.already_requested:
        write_note(already_requested_text(requested))
    elif job.status == ExportJobStatus.QUEUED.developer_name:
        write_note(f"export {job.id} is queued; a worker runs it: {session.command_line('worker')}")
    write_job(job, as_json=as_json)
