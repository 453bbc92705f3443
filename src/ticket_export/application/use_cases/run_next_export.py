"""Run the export that has waited longest."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ticket_export.application.announcements import dispatch_committed
from ticket_export.application.dto import ExportJobDto
from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.application.run.claims import Claims
from ticket_export.application.run.progress import ProgressListener, ignore_progress
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.use_cases.run_export import RunExport, ignore_stall
from ticket_export.domain.background_task import BackgroundTask


@attrs.frozen(kw_only=True)
class RunNextExport:
    """Claim the oldest queued export and run it, by the rules of `RunExport`.

    Rules:
        1. First come, first served, for all users together.
        2. One worker claims an export, even if several ask at once.
        3. An export that is handed back is dispatched again, so that another worker starts it at once.
    """

    run_export: RunExport
    claims: Claims
    task_queue: TaskQueue

    def __call__(
        self,
        *,
        on_progress: ProgressListener = ignore_progress,
        stop: StopSignal | None = None,
        on_stall: Callable[[], None] = ignore_stall,
    ) -> ExportJobDto | None:
        """Return the export that was run, or None if none was waiting.

        Raises:
            LeaseLostError: the export was taken over, cancelled or handed back meanwhile; others may wait.
            TicketsUnavailableError, StorageUnavailableError, WorkerShortageError, JobDatabaseError: as `RunExport`
                does.
        """
        attempt = self.claims.claim_next()
        if attempt is None:
            return None
        return self.run_export.run(
            attempt, on_progress=on_progress, stop=stop, on_stall=on_stall, on_hand_back=self._dispatch
        )

    def _dispatch(self, task: BackgroundTask) -> None:
        dispatch_committed(self.task_queue, task)
