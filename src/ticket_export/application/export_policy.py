"""The rights on exports. To change the rules, replace `ExportPolicy`."""

from __future__ import annotations

import logging
from uuid import UUID

from ticket_export.application.actor import Actor
from ticket_export.application.ports.export_job_repository import UNREADABLE
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.domain.export_job import ExportJob
from ticket_export.errors import ExportNotFoundError, NotPermittedError

_log = logging.getLogger(__name__)


class ExportPolicy:
    """The rights of an actor, by row of this table.

    ==================================  ========================  ===========  ===========  ========
    actor                               request/retry/cancel own  see own job  see others'  download
    ==================================  ========================  ===========  ===========  ========
    admin with ``ImportExportTickets``  yes                       yes          yes          yes
    admin without                       no                        yes          no           no
    staff with                          yes                       yes          no           no
    staff without                       no                        yes          no           no
    ==================================  ========================  ===========  ===========  ========
    """

    def may_request(self, actor: Actor) -> bool:
        """Whether the actor may request, retry and cancel exports of their own."""
        return actor.may_import_export_tickets

    def may_see_others(self, actor: Actor) -> bool:
        """Whether the actor may see the exports of all users."""
        return actor.is_admin and actor.may_import_export_tickets

    def may_download(self, actor: Actor) -> bool:
        """Whether the actor may download the exports that they may see."""
        return actor.is_admin and actor.may_import_export_tickets

    def require_request(self, actor: Actor) -> None:
        """Raise `NotPermittedError` unless the actor may request exports."""
        if not self.may_request(actor):
            raise NotPermittedError('exporting tickets needs the permission "Import / Export Tickets"')

    def require_change(self, actor: Actor, job: ExportJob) -> None:
        """Raise `NotPermittedError` unless the actor may retry or cancel this export, which they may see."""
        self.require_request(actor)
        if job.requester_user_id != actor.user_id:
            raise NotPermittedError("an export can be retried or cancelled only by the user who requested it")

    def require_sight(self, actor: Actor, job: ExportJob) -> None:
        """Raise `ExportNotFoundError`, as for a missing job, unless the actor may see this one."""
        if job.requester_user_id != actor.user_id and not self.may_see_others(actor):
            raise ExportNotFoundError(job.id)

    def require_download(self, actor: Actor) -> None:
        """Raise `NotPermittedError` unless the actor may download exports."""
        if not self.may_download(actor):
            raise NotPermittedError(
                'downloading an export needs an administrator with the permission "Import / Export Tickets"'
            )


def find_visible_export(work: UnitOfWork, policy: ExportPolicy, actor: Actor, job_id: UUID) -> ExportJob:
    """Return the job, if the actor may see it.

    Raises:
        ExportNotFoundError: the job does not exist, the actor may not see it, or its row holds values that no export
            can have; the error is the same.
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
