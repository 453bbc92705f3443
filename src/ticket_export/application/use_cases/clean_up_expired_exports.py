"""Files whose retention is over go away."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

import attrs

from ticket_export.application.announcements import Announcements
from ticket_export.application.file.export_file import delete_file, require_storage_of
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.job_and_task import store_failed
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.media_item import MediaItem
from ticket_export.errors import LeaseLostError

_log = logging.getLogger(__name__)

_PAGE = 100


@attrs.frozen(kw_only=True)
class CleanUp:
    """How many exports were cleaned up, and with how many it did not work this time."""

    cleaned_up: int = 0
    failed: int = 0


@attrs.frozen(kw_only=True)
class CleanUpExpiredExports:
    """Delete the files of expired exports.

    Rules:
        1. From the very moment of `expires_at` on, an export is due.
        2. One that is still queued or running fails first, and with it its task.
        3. The object goes first, then the row says so: `is_cleaned_up`, no media item.
        4. What fails is left as it is for the next time, and the others go on.
        5. Done twice, or by several at once, it is done once.
        6. Views are not read for it, unless they are short.
    """

    unit_of_work: Callable[[], UnitOfWork]
    storage: ExportStorage
    announcements: Announcements
    clock: Clock

    def __call__(self) -> CleanUp:
        """Clean up what is due now."""
        cleaned_up = failed = 0
        for job in self._due():
            try:
                cleaned_up += self._clean_up(job, self.clock.now())
            except LeaseLostError:
                continue  # somebody else has just changed it; if it is still due, then next time
            except Exception:  # noqa: BLE001 - by rule 4
                _log.exception("export %s could not be cleaned up", job.id, extra={"job_id": str(job.id)})
                failed += 1
        return CleanUp(cleaned_up=cleaned_up, failed=failed)

    def _due(self) -> Iterator[ExportJob]:
        last = None
        while True:
            with self.unit_of_work() as work:
                page = work.jobs.due_for_clean_up(now=self.clock.now(), after=last, limit=_PAGE)
            if not page:
                return
            yield from page
            last = page[-1]

    def _clean_up(self, job: ExportJob, now: datetime) -> bool:
        if not job.status.is_final:
            self._expire(job.id, now)
        elif job.media_item is not None:
            self._delete(job.media_item)
        with self.unit_of_work() as work:
            # Not `find`, which would read its view too.
            stored = next(iter(work.jobs.find_all([job.id])), None)
            if stored is None or stored.is_cleaned_up:
                return False
            if stored.media_item_id != job.media_item_id:
                raise LeaseLostError(f"export {job.id} got its file just now")
            _keep(work, job.id)
            stored.clean_up(now)
            work.jobs.update(stored, was=stored.status)
            if job.media_item_id is not None:
                work.media_items.remove(job.media_item_id)
            tell = self.announcements.expired(work, stored, at=now)
            work.commit()
        tell()
        return True

    def _expire(self, job_id: UUID, now: datetime) -> None:
        with self.unit_of_work() as work:
            job = next(iter(work.jobs.find_all([job_id])), None)
            if job is None or job.status.is_final:
                return
            _keep(work, job_id)
            was = job.status
            job.expire(now)
            store_failed(work, job, was=was, now=now)
            tell = self.announcements.failed(work, job, at=now)
            work.commit()
        tell()

    def _delete(self, media_item: MediaItem) -> None:
        # Deleting an absent object is fine, so the wrong storage would lose the file without a word.
        require_storage_of(media_item, self.storage)
        delete_file(self.storage, media_item.object_key)


def _keep(work: UnitOfWork, job_id: UUID) -> None:
    if not work.jobs.keep(job_id):
        # It may do so for long, and the others that are due should not wait for it.
        raise LeaseLostError(f"another transaction keeps export {job_id}")
