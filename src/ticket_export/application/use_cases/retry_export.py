"""Request an export again that has ended."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.dto import RequestedExportDto
from ticket_export.application.export_policy import ExportPolicy, find_visible_export
from ticket_export.application.ports.audit_log import AuditAction
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.use_cases.request_export import RequestExport


@attrs.frozen(kw_only=True)
class RetryExport:
    """Request the same view again. The new job shows the tickets as of now.

    Rules:
        1. An export that the actor may not see looks like a missing one.
        2. Only the requester may retry, with the permission "Import / Export Tickets".
        3. The rules of `RequestExport` apply: the view must fit the columns of now, and an export that is still queued
           or running is returned itself.
        4. The old export stays as it is.
    """

    unit_of_work: Callable[[], UnitOfWork]
    request_export: RequestExport
    policy: ExportPolicy

    def __call__(self, actor: Actor, job_id: UUID) -> RequestedExportDto:
        """Return the new export.

        Raises:
            ExportNotFoundError: by rule 1.
            NotPermittedError: by rule 2.
            InvalidPayloadError, TooManyExportsError: by rule 3.
        """
        with self.unit_of_work() as work:
            job = find_visible_export(work, self.policy, actor, job_id)
        self.policy.require_change(actor, job)
        # In the host's transaction, if this unit of work is inside one.
        request_export = attrs.evolve(self.request_export, unit_of_work=self.unit_of_work)
        return request_export.submit(
            actor, job.snapshot_payload_json, action=AuditAction.RETRIED, detail=f"of export {job.id}"
        )
