"""Finding a job on behalf of an actor."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ticket_export.application.readable_job import UNREADABLE
from ticket_export.errors import ExportNotFoundError

if TYPE_CHECKING:
    from uuid import UUID

    from ticket_export.application.actor import Actor
    from ticket_export.application.export_policy import ExportPolicy
    from ticket_export.application.ports.unit_of_work import UnitOfWork
    from ticket_export.domain.export_job import ExportJob

_log = logging.getLogger(__name__)


def find_visible_export(work: UnitOfWork, policy: ExportPolicy, actor: Actor, job_id: UUID) -> ExportJob:
    """The job, provided that the actor may see it.

    Raises:
        ExportNotFoundError: it does not exist, is somebody else's, or its row holds what no export can; all look alike.
    """
    try:
        job = work.jobs.find(job_id)
    except UNREADABLE:
        _log.exception("export %s cannot be read", job_id, extra={"job_id": str(job_id)})
        job = None
    if job is None:
        raise ExportNotFoundError(job_id)
    policy.require_sight(actor, job)
    return job
