"""Finding a job on behalf of an actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticket_export.errors import ExportNotFoundError

if TYPE_CHECKING:
    from uuid import UUID

    from ticket_export.application.actor import Actor
    from ticket_export.application.export_policy import ExportPolicy
    from ticket_export.application.ports.unit_of_work import UnitOfWork
    from ticket_export.domain.export_job import ExportJob


def find_visible_export(work: UnitOfWork, policy: ExportPolicy, actor: Actor, job_id: UUID) -> ExportJob:
    """The job, provided that the actor may see it.

    Raises:
        ExportNotFoundError: it does not exist, or is somebody else's; the two look alike.
    """
    job = work.jobs.find(job_id)
    if job is None:
        raise ExportNotFoundError(job_id)
    policy.require_sight(actor, job)
    return job
