"""Request an export again that has ended."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.dto import RequestedExportDto
from ticket_export.application.ports.audit_log import AuditAction
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.refusals import Refusals
from ticket_export.application.rights import Rights, find_visible_export, refusal_to_others
from ticket_export.application.use_cases.request_export import RequestExport


@attrs.frozen(kw_only=True)
class RetryExport:
    """Request the same view again. The new job shows the tickets as of now.

    Rules:
        1. An export that the actor may not see looks like a missing one.
        2. Only the requester may retry, and only if they may request.
        3. The rules of `RequestExport` apply: the view must fit the columns that the actor may see now, and an export
           that is still queued or running is returned itself.
        4. The old export stays as it is.
    """

    unit_of_work: Callable[[], UnitOfWork]
    request_export: RequestExport
    rights: Rights
    refusals: Refusals

    def __call__(self, actor: Actor, job_id: UUID) -> RequestedExportDto:
        """Return the new export.

        Raises:
            ExportNotFoundError: by rule 1.
            NotPermittedError: by rule 2.
            InvalidPayloadError, TooManyExportsError: by rule 3.
        """
        sight = self.rights.sight(actor)
        with self.unit_of_work() as work:
            job = find_visible_export(work, sight, job_id)
        if refusal := self.rights.refusal_of_request(actor) or refusal_to_others(actor, job):
            raise self.refusals.recorded(refusal, "retry", actor, job)
        # In the host's transaction, if this unit of work is inside one.
        request_export = attrs.evolve(self.request_export, unit_of_work=self.unit_of_work)
        return request_export.submit(
            actor, job.snapshot_payload_json, action=AuditAction.RETRIED, detail=f"of export {job.id}"
        )
