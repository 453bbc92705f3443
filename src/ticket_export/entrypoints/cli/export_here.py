"""Requesting an export and running it in this process, with its progress shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING

from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.entrypoints.cli.exit_codes import CommandError
from ticket_export.entrypoints.cli.output import write_note
from ticket_export.entrypoints.cli.progress_view import progress_view
from ticket_export.entrypoints.cli.requested import already_requested_text
from ticket_export.entrypoints.cli.stop_on_signals import stop_on_signals
from ticket_export.errors import InvalidTransitionError, LeaseLostError, TicketsUnavailableError
from ticket_export.infrastructure.tasks.silent_task_queue import SilentTaskQueue

if TYPE_CHECKING:
    from ticket_export.application.actor import Actor
    from ticket_export.application.dto import ExportJobDto, RequestedExportDto
    from ticket_export.application.run.progress import Progress
    from ticket_export.application.use_cases.cancel_export import CancelExport
    from ticket_export.container import TicketExportContainer
    from ticket_export.entrypoints.cli.progress_view import ProgressView
    from ticket_export.entrypoints.cli.view_options import View

# Whoever waits at a terminal has nothing to upload.
_LABELS: dict[str, str] = {ProgressStage.UPLOADING: "Storing"}
# Seconds between two looks at an export that somebody else runs, and between two looks for one that was lost.
_LOOK_EVERY, _RECOVER_EVERY = 0.2, 1.0


def export_here(container: TicketExportContainer, actor: Actor, view: View) -> ExportJobDto:
    """The job, completed or failed, whoever has run it in the end.

    It is run here, unless a worker was faster, or runs the export of the same view already; that one is waited for
    then. If this ends early, by Ctrl-C, SIGTERM or an error, the job that was requested here is cancelled.

    Raises:
        NotPermittedError, InvalidPayloadError, TooManyExportsError: as `RequestExport` does.
        KeyboardInterrupt: Ctrl-C, or SIGTERM.
    """
    stop = StopSignal()
    # First, since a setting that it cannot be built with must not leave a job that nobody runs.
    here = _Here(container, actor, stop)
    with stop_on_signals(stop):
        # The configured queue would hand the job to somebody else.
        requested = container.request_export(task_queue=SilentTaskQueue())(actor, view)
        with _cancelled_if_left(container.cancel_export(), actor, requested):
            if requested.already_requested:
                write_note(already_requested_text(requested))
            with progress_view("rows") as shown:
                job = here.see_through(requested, shown)
    # The export may have ended while the signal was on its way.
    _raise_if_given(stop)
    return job


def require_file(job: ExportJobDto) -> None:
    """Raise `CommandError`, with the job's own message, if the export ended without a file."""
    if job.status == ExportJobStatus.FAILED.developer_name:
        raise CommandError(f"export {job.id} failed: {job.error_message}")


def _raise_if_given(stop: StopSignal) -> None:
    # Python's own Ctrl-C would be raised wherever it comes, in a function that SQLite calls too, which swallows it.
    if stop.is_given:
        raise KeyboardInterrupt


@contextmanager
def _cancelled_if_left(cancel: CancelExport, actor: Actor, requested: RequestedExportDto) -> Iterator[None]:
    try:
        yield
    except BaseException:
        # What was asked for before, by another command, is not this one's to end.
        if not requested.already_requested:
            with suppress(Exception):
                cancel(actor, requested.id)
        raise


class _Here:
    """Runs exports in this process, or watches those that others run, until `stop` is given."""

    def __init__(self, container: TicketExportContainer, actor: Actor, stop: StopSignal) -> None:
        self._run = container.run_export()
        self._get = container.get_export()
        # There may be no worker that would notice that another has died.
        self._recover = container.recover_stalled_exports(task_queue=SilentTaskQueue())
        self._actor = actor
        self._stop = stop

    def see_through(self, job: ExportJobDto, shown: ProgressView) -> ExportJobDto:
        """`job` when it has ended.

        Raises:
            KeyboardInterrupt: it has not, and is to be left alone.
        """

        def show(progress: Progress) -> None:
            shown.show(_LABELS.get(progress.stage, progress.stage), progress.rows, progress.total)

        recovered_at = monotonic()
        while not _has_ended(job):
            _raise_if_given(self._stop)
            if job.status == ExportJobStatus.QUEUED.developer_name:
                # A worker may be faster, somebody may cancel it under way, an attempt may be lost: the next look tells.
                with suppress(InvalidTransitionError, LeaseLostError, TicketsUnavailableError):
                    return self._run(job.id, on_progress=show, stop=self._stop)
                # Handed back then, and not to be run once more.
                _raise_if_given(self._stop)
            else:
                stage = job.progress_stage or job.status
                shown.show_percent(_LABELS.get(stage, stage), job.progress_percent or 0)
            sleep(_LOOK_EVERY)
            if monotonic() - recovered_at > _RECOVER_EVERY:
                self._recover()
                recovered_at = monotonic()
            job = self._get(self._actor, job.id)
        return job


def _has_ended(job: ExportJobDto) -> bool:
    return ExportJobStatus.from_developer_name(job.status).is_final
