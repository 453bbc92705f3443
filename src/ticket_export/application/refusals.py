"""The record of what an actor was not permitted to do."""

from __future__ import annotations

import logging

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.actor_facts import facts_of
from ticket_export.application.ports.audit_log import AuditAction, AuditEntry, AuditLog
from ticket_export.application.ports.clock import Clock
from ticket_export.application.view.view_summary import summary_of
from ticket_export.domain.export_job import ExportJob
from ticket_export.errors import NotPermittedError

_log = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class Refusals:
    """Records refusals in the audit log, outside of any transaction of the library.

    An export that the actor may not see is not refused but not found. That is not recorded: it must cost the same as a
    missing export.
    """

    audit_log: AuditLog
    clock: Clock

    def recorded(
        self, refusal: NotPermittedError, what: str, actor: Actor, job: ExportJob | None = None
    ) -> NotPermittedError:
        """Record that `what` was refused to the actor, and return `refusal` for the caller to raise.

        A log that fails must not hide the refusal, so its error is only logged.
        """
        try:
            self.audit_log.record(
                AuditEntry(
                    action=AuditAction.REFUSED,
                    job_id=job.id if job else None,
                    actor_id=actor.user_id,
                    at=self.clock.now(),
                    view=summary_of(job) if job else "",
                    detail=f"{what}: {refusal}",
                    actor_facts=facts_of(actor),
                )
            )
        except Exception:  # noqa: BLE001 - only logged, as the docstring says
            _log.exception("the refusal of a %s to user %s is not in the audit log", what, actor.user_id)
        return refusal
