"""Parts of the container that record metrics, and else do what the parts do that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from time import monotonic

import attrs

from ticket_export.application.dto import ExportJobDto
from ticket_export.application.ports.export_events import ExportEvents
from ticket_export.application.run.attempt import Attempt
from ticket_export.application.run.progress import Progress, ProgressListener, ignore_progress
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.use_cases.housekeep import Chore, Housekeep, Housekept
from ticket_export.application.use_cases.recover_stalled_exports import RecoverStalledExports, Recovery
from ticket_export.application.use_cases.run_export import RunExport, ignore_hand_back, ignore_stall
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.errors import StorageUnavailableError, TicketsUnavailableError
from ticket_export.infrastructure.metrics.export_metrics import ExportMetrics, LostPart


@attrs.frozen
class MeasuredExportEvents(ExportEvents):
    """Records every end of an export, then passes the event on."""

    _events: ExportEvents
    _metrics: ExportMetrics

    def completed(self, job: ExportJob) -> None:
        self._metrics.export_ended(job)
        self._events.completed(job)

    def failed(self, job: ExportJob) -> None:
        self._metrics.export_ended(job)
        self._events.failed(job)

    def expired(self, job: ExportJob) -> None:
        # Its removal is counted with those of the housekeeping.
        self._events.expired(job)


@attrs.frozen(kw_only=True)
class MeasuredRunExport(RunExport):
    """Records the stages of each attempt, and the attempts that are lost."""

    metrics: ExportMetrics

    def run(
        self,
        attempt: Attempt,
        *,
        on_progress: ProgressListener = ignore_progress,
        stop: StopSignal | None = None,
        on_stall: Callable[[], None] = ignore_stall,
        on_hand_back: Callable[[BackgroundTask], None] = ignore_hand_back,
    ) -> ExportJobDto:
        """See `RunExport.run`."""
        if attempt.token == 1:
            # The wait of a later attempt is not that of a user for a worker.
            self.metrics.stage_ended(ProgressStage.QUEUED, attempt.began_at - attempt.job.requested_at)
        stages = _Stages(self.metrics)

        def report(progress: Progress) -> None:
            stages.enter(progress.stage)
            on_progress(progress)

        try:
            job = super().run(attempt, on_progress=report, stop=stop, on_stall=on_stall, on_hand_back=on_hand_back)
        except TicketsUnavailableError:
            self.metrics.attempts_lost(LostPart.TICKETS)
            raise
        except StorageUnavailableError:
            self.metrics.attempts_lost(LostPart.STORAGE)
            raise
        if job.status == ExportJobStatus.COMPLETED:
            stages.enter(None)
        return job


@attrs.define
class _Stages:
    """The stages of one attempt. Threads of the export enter them, one at a time."""

    _metrics: ExportMetrics
    _stage: ProgressStage | None = None
    _since: float = 0.0

    def enter(self, stage: ProgressStage | None) -> None:
        if stage is self._stage:
            return
        now = monotonic()
        if self._stage is not None:
            self._metrics.stage_ended(self._stage, timedelta(seconds=now - self._since))
        self._stage, self._since = stage, now


@attrs.frozen(kw_only=True)
class MeasuredRecovery(RecoverStalledExports):
    """Records the attempts whose worker has vanished."""

    metrics: ExportMetrics

    def __call__(self) -> Recovery:
        """See `RecoverStalledExports`."""
        recovery = super().__call__()
        self.metrics.attempts_lost(LostPart.WORKER, recovery.requeued)
        return recovery


@attrs.frozen(kw_only=True)
class MeasuredHousekeep(Housekeep):
    """Records what each call has removed, and where it has failed."""

    metrics: ExportMetrics

    def __call__(self, *, only: Collection[Chore] = tuple(Chore), now: bool = False) -> Housekept:
        """See `Housekeep`."""
        kept = super().__call__(only=only, now=now)
        self.metrics.housekept(kept)
        return kept
