"""Requesting an export and running it in this process, with its progress shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep

from ticket_export.application.actor import Actor
from ticket_export.application.dto import ExportJobDto, RequestedExportDto
from ticket_export.application.run.progress import Progress
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.use_cases.cancel_export import CancelExport
from ticket_export.application.use_cases.run_export import LOST_ATTEMPT
from ticket_export.container import TicketExportContainer
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.entrypoints.cli.exit_codes import CommandError
from ticket_export.entrypoints.cli.output.job_text import already_requested_text
from ticket_export.entrypoints.cli.output.progress import ProgressView, progress_view
from ticket_export.entrypoints.cli.output.standard_streams import write_note
from ticket_export.entrypoints.cli.stop_on_signals import stop_on_signals
from ticket_export.entrypoints.cli.view_options import View
from ticket_export.errors import InvalidTransitionError, LeaseLostError
from ticket_export.infrastructure.tasks.silent_task_queue import SilentTaskQueue

# A user of the command line does not upload anything.
_LABELS: dict[str, str] = {ProgressStage.UPLOADING: "Storing"}
# A worker took it first, its user cancelled it, an attempt was lost: the next look shows it.
_PASSING = (InvalidTransitionError, LeaseLostError, *LOST_ATTEMPT)
# Seconds between two looks at an export that another process runs, and between two searches for a lost one.
_LOOK_EVERY, _RECOVER_EVERY = 0.2, 1.0


def export_here(container: TicketExportContainer, actor: Actor, view: View) -> ExportJobDto:
    """Request an export of `view` and return its job, completed or failed.

    The job runs here, unless a worker has taken it, or already runs an export of the same view; then this waits for
    the worker. If this ends early, by Ctrl-C, SIGTERM or an error, the job that it has requested is cancelled.

    Raises:
        NotPermittedError, InvalidPayloadError, TooManyExportsError: as `RequestExport` does.
        KeyboardInterrupt: Ctrl-C, or SIGTERM.
    """
    stop = StopSignal()
    # First: a setting that makes this fail must not leave a job behind that nobody runs.
    here = _Here(container, actor, stop)
    with stop_on_signals(stop):
        # The configured queue would hand the job to a worker.
        requested = container.request_export(task_queue=SilentTaskQueue())(actor, view)
        with _cancelled_if_left(container.cancel_export(), actor, requested):
            if requested.already_requested:
                write_note(already_requested_text(requested))
            with progress_view("rows") as shown:
                job = here.see_through(requested, shown)
    # The export may have ended while the signal arrived.
    _raise_if_given(stop)
    return job


def require_file(job: ExportJobDto) -> None:
    """Raise `CommandError`, with the job's own message, if the export failed."""
    if job.status == ExportJobStatus.FAILED.developer_name:
        raise CommandError(f"export {job.id} failed: {job.error_message}")


def _raise_if_given(stop: StopSignal) -> None:
    # Python raises its own KeyboardInterrupt anywhere, also in a function that SQLite calls, which loses it.
    if stop.is_given:
        raise KeyboardInterrupt


@contextmanager
def _cancelled_if_left(cancel: CancelExport, actor: Actor, requested: RequestedExportDto) -> Iterator[None]:
    try:
        yield
    except BaseException:
        # An export that another command has requested is not cancelled.
        if not requested.already_requested:
            with suppress(Exception):
                cancel(actor, requested.id)
        raise


class _Here:
    """Runs exports in this process, or watches those that workers run, until `stop` is given."""

    def __init__(self, container: TicketExportContainer, actor: Actor, stop: StopSignal) -> None:
        self._run = container.run_export()
        self._get = container.get_export()
        # There may be no worker to notice that another one has died.
        self._recover = container.recover_stalled_exports(task_queue=SilentTaskQueue())
        self._actor = actor
        self._stop = stop

    def see_through(self, job: ExportJobDto, shown: ProgressView) -> ExportJobDto:
        """Return `job` when it has ended.

        Raises:
            KeyboardInterrupt: `stop` is given before that.
        """

        def show(progress: Progress) -> None:
            shown.show(_LABELS.get(progress.stage, progress.stage), progress.rows, progress.total)

        recovered_at = monotonic()
        while not ExportJobStatus.from_developer_name(job.status).is_final:
            _raise_if_given(self._stop)
            if job.status == ExportJobStatus.QUEUED.developer_name:
                with suppress(*_PASSING):
                    return self._run(job.id, on_progress=show, stop=self._stop)
                # The job was handed back then, and must not run again.
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
