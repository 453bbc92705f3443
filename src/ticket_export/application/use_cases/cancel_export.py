"""Cancel an export."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.announcements import Announcements
from ticket_export.application.dto import ExportJobDto
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.refusals import Refusals
from ticket_export.application.rights import Rights, Sight, find_visible_export, refusal_to_others
from ticket_export.application.run.job_and_task import failing
from ticket_export.errors import LeaseLostError, NotPermittedError

# A worker may start or finish the export between the read and the write. That rarely happens twice.
_TRIES = 5


@attrs.frozen(kw_only=True)
class CancelExport:
    """End a queued or running export.

    Rules:
        1. An export that the actor may not see looks like a missing one.
        2. Only the requester may cancel, and only if they may request.
        3. The job is Failed with the message ``Cancelled`` at once. A worker that runs it notices that at its next
           heartbeat, stops and leaves no file.
        4. Cancelling twice is the same as once. An export that has ended in another way cannot be cancelled.
    """

    unit_of_work: Callable[[], UnitOfWork]
    announcements: Announcements
    rights: Rights
    refusals: Refusals
    clock: Clock

    def __call__(self, actor: Actor, job_id: UUID) -> ExportJobDto:
        """Return the cancelled export.

        Raises:
            ExportNotFoundError: by rule 1.
            NotPermittedError: by rule 2.
            InvalidTransitionError: it has ended already.
            LeaseLostError: the export kept changing; cancel it again.
        """
        sight, refusal = self.rights.sight(actor), self.rights.refusal_of_request(actor)
        for _ in range(_TRIES - 1):
            with suppress(LeaseLostError):
                return self._cancel(actor, job_id, sight, refusal)
        return self._cancel(actor, job_id, sight, refusal)

    def _cancel(self, actor: Actor, job_id: UUID, sight: Sight, refusal: NotPermittedError | None) -> ExportJobDto:
        with self.unit_of_work() as work:
            now = self.clock.now()
            job = find_visible_export(work, sight, job_id)
            refusal = refusal or refusal_to_others(actor, job)
            if refusal is None and not job.is_cancelled:
                with failing(work, job, now):
                    job.cancel(now, by=actor.user_id)
                    work.after_commit(self.announcements.cancelled(work, job, at=now, by=actor.user_id))
        if refusal is not None:
            raise self.refusals.recorded(refusal, "cancellation", actor, job)
        return ExportJobDto.of(job)
