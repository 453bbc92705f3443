"""Requesting an export and running it in this process, with its progress shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.entrypoints.cli.exit_codes import CommandError
from ticket_export.entrypoints.cli.progress_view import progress_view
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue

if TYPE_CHECKING:
    from ticket_export.application.actor import Actor
    from ticket_export.application.dto import ExportJobDto
    from ticket_export.application.progress import Progress
    from ticket_export.container import TicketExportContainer
    from ticket_export.entrypoints.cli.view_options import View

# Whoever waits at a terminal has nothing to upload.
_LABELS = {ProgressStage.UPLOADING: "Storing"}


def export_here(container: TicketExportContainer, actor: Actor, view: View) -> ExportJobDto:
    """The job, completed or failed.

    Raises:
        NotPermittedError, InvalidPayloadError: as `RequestExport` does.
    """
    # First, since a setting that it cannot be built with must not leave a job that nobody runs.
    run_export = container.run_export()
    # The configured queue would hand the job to somebody else.
    job = container.request_export(task_queue=InMemoryTaskQueue())(actor, view)
    with progress_view("rows") as shown:

        def show(progress: Progress) -> None:
            shown.show(_LABELS.get(progress.stage, progress.stage.value), progress.rows, progress.total)

        return run_export(job.id, on_progress=show)


def require_file(job: ExportJobDto) -> None:
    """Raise `CommandError`, with the job's own message, if the export ended without a file."""
    if job.status == ExportJobStatus.FAILED.developer_name:
        raise CommandError(f"export {job.id} failed: {job.error_message}")
