"""The answer to a request, printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.entrypoints.cli.job_text import job_text
from ticket_export.entrypoints.cli.output import write_json, write_line, write_note

if TYPE_CHECKING:
    from ticket_export.application.actor import Actor
    from ticket_export.application.dto import ExportJobDto, RequestedExportDto
    from ticket_export.entrypoints.cli.session import Session


def write_requested(session: Session, actor: Actor, requested: RequestedExportDto, *, as_json: bool) -> None:
    """The export as it is now, and on standard error whether it is a new one."""
    # It may be under way already; the queue `inline` has even finished it.
    job = requested.model_copy(update=dict(session.container().get_export()(actor, requested.id)))
    if requested.already_requested:
        write_note(already_requested_text(requested))
    elif job.status == ExportJobStatus.QUEUED.developer_name:
        write_note(f"export {job.id} is queued; a worker runs it: {session.command_line('worker')}")
    write_job(job, as_json=as_json)


def already_requested_text(requested: RequestedExportDto) -> str:
    """Why the same view did not become a second export."""
    return f"this view has been requested before: export {requested.id} is still {requested.status}, and is the one"


def write_job(job: ExportJobDto, *, as_json: bool) -> None:
    """One export, as JSON or a line a field."""
    if as_json:
        write_json(job.model_dump(mode="json"))
    else:
        write_line(job_text(job))
