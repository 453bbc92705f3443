"""A user downloads the file of an export."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from ticket_export.application.audit import audit_entry
from ticket_export.application.dto import Download
from ticket_export.application.export_policy import ExportPolicy
from ticket_export.application.ports.audit_log import AuditAction, AuditLog
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.visible_export import find_visible_export
from ticket_export.errors import ExportExpiredError, ExportNotReadyError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from ticket_export.application.actor import Actor
    from ticket_export.domain.export_job import ExportJob
    from ticket_export.domain.media_item import MediaItem


@attrs.frozen(kw_only=True)
class OpenDownload:
    """Hand out the file of a completed export.

    Rules:
        1. An export that the actor may not see looks like a missing one.
        2. Downloading is a right of its own, asked for at every download.
        3. An expired export has no file, whether or not it has been cleaned up yet.
        4. Every download is audited before a byte is handed out.
    """

    unit_of_work: Callable[[], UnitOfWork]
    storage: ExportStorage
    audit_log: AuditLog
    policy: ExportPolicy
    clock: Clock

    def __call__(self, actor: Actor, job_id: UUID) -> Download:
        """The file of the export; its stream is opened, and closed, by the caller.

        Raises:
            ExportNotFoundError: by rule 1.
            NotPermittedError: by rule 2.
            ExportExpiredError: by rule 3.
            ExportNotReadyError: the export is queued, running or failed.
        """
        with self.unit_of_work() as work:
            job = find_visible_export(work, self.policy, actor, job_id)
        self.policy.require_download(actor)
        now = self.clock.now()
        media_item = _downloadable(job, now)
        self.audit_log.record(audit_entry(AuditAction.DOWNLOADED, job, at=now, by=actor.user_id))
        return Download(
            file_name=media_item.file_name,
            content_type=media_item.content_type,
            length=media_item.length,
            stream=self.storage.open_reader(media_item.object_key),
        )


def _downloadable(job: ExportJob, now: datetime) -> MediaItem:
    if job.is_cleaned_up or job.is_expired_at(now):
        raise ExportExpiredError(f"export {job.id} expired at {job.expires_at.isoformat()}; request it again")
    if job.media_item is None:
        reason = f": {job.error_message}" if job.error_message else ""
        raise ExportNotReadyError(f"export {job.id} has no file: it is {job.status}{reason}")
    return job.media_item
