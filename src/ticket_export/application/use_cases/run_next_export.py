"""Run the export whose turn it is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event

import attrs

from ticket_export.application.announcements import dispatch_committed
from ticket_export.application.ports.task_queue import SupportsWaiting, TaskQueue
from ticket_export.application.run.claims import Claims
from ticket_export.application.run.progress import ProgressListener, ignore_progress
from ticket_export.application.run.run_outcome import RunOutcome, RunResult
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.use_cases.run_export import LOST_ATTEMPT, RunExport, ignore_stall
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.errors import JobDatabaseError, LeaseLostError, WorkerShortageError

_log = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class RunNextExport:
    """Claim the queued export whose turn it is, and run it by the rules of `RunExport`.

    Workers call this, and so do the tasks of another job engine: a message of its queue says that an export may be
    waiting, and not which one.

    Rules:
        1. Users take turns, by the rule of `BackgroundTaskRepository.next_enqueued`: nobody's export waits behind more
           than one start of each other user's. What counts as one user is `ExportPolicy.share_key`.
        2. One worker claims an export, even if several ask at once.
        3. An export that is handed back is dispatched again, so that another worker starts it at once.
        4. If a user's running exports are limited, another one may start when this one ends. Its own message has come
           too early, so another message is sent.
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
    ) -> RunOutcome:
        """Return what came of it.

        If the export stalls, another thread calls `on_stall`, and this call may never return.

        Raises:
            JobDatabaseError: no export could be claimed, or the result of one could not be stored; then its lease ends,
                and another attempt makes the export.
        """
        try:
            attempt = self.claims.claim_next()
        except LeaseLostError as error:
            # It was cancelled between the look at the queue and the claim.
            return RunOutcome(result=RunResult.LEFT, error=error)
        if attempt is None:
            return RunOutcome(result=RunResult.NOTHING)
        job_id, is_handed_back = attempt.job.id, Event()

        def on_hand_back(task: BackgroundTask) -> None:
            is_handed_back.set()
            dispatch_committed(self.task_queue, task)

        try:
            job = self.run_export.run(
                attempt, on_progress=on_progress, stop=stop, on_stall=on_stall, on_hand_back=on_hand_back
            )
        except LeaseLostError as error:
            if is_handed_back.is_set():
                return RunOutcome(result=RunResult.HANDED_BACK, job_id=job_id, error=error)
            self._dispatch_next()
            return RunOutcome(result=RunResult.LEFT, job_id=job_id, error=error)
        except (*LOST_ATTEMPT, WorkerShortageError) as error:
            return RunOutcome(result=RunResult.LOST, job_id=job_id, error=error)
        self._dispatch_next()
        return RunOutcome.of_end(job)

    def _dispatch_next(self) -> None:
        # Other workers look for tasks themselves.
        if not self.claims.max_running_per_user or isinstance(self.task_queue, SupportsWaiting):
            return
        try:
            for task in self.claims.waiting(limit=1):
                dispatch_committed(self.task_queue, task)
        except JobDatabaseError:
            _log.info("no other export could be looked for; the housekeeping does it", exc_info=True)
