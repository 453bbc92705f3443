"""Cancel an export."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.announcements import Announcements
from ticket_export.application.dto import ExportJobDto
from ticket_export.application.export_policy import ExportPolicy, find_visible_export
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.job_and_task import failing
from ticket_export.errors import LeaseLostError

# A worker may start or finish the export between the read and the write. That rarely happens twice.
_TRIES = 5


@attrs.frozen(kw_only=True)
class CancelExport:
    """End a queued or running export.

    Rules:
        1. An export that the actor may not see looks like a missing one.
        2. Only the requester may cancel, with the permission "Import / Export Tickets".
        3. The job is Failed with the message ``Cancelled`` at once. A worker that runs it notices that at its next
           heartbeat, stops and leaves no file.
        4. Cancelling twice is the same as once. An export that has ended in another way cannot be cancelled.
    """

    unit_of_work: Callable[[], UnitOfWork]
    announcements: Announcements
    policy: ExportPolicy
    clock: Clock

    def __call__(self, actor: Actor, job_id: UUID) -> ExportJobDto:
        """Return the cancelled export.

        Raises:
            ExportNotFoundError: by rule 1.
            NotPermittedError: by rule 2.
            InvalidTransitionError: it has ended already.
            LeaseLostError: the export kept changing; cancel it again.
        """
        for _ in range(_TRIES - 1):
            with suppress(LeaseLostError):
                return self._cancel(actor, job_id)
        return self._cancel(actor, job_id)

    def _cancel(self, actor: Actor, job_id: UUID) -> ExportJobDto:
        with self.unit_of_work() as work:
            now = self.clock.now()
            job = find_visible_export(work, self.policy, actor, job_id)
            self.policy.require_change(actor, job)
            if job.is_cancelled:
                return ExportJobDto.of(job)
            with failing(work, job, now):
                job.cancel(now, by=actor.user_id)
                work.after_commit(self.announcements.cancelled(work, job, at=now, by=actor.user_id))
        return ExportJobDto.of(job)
