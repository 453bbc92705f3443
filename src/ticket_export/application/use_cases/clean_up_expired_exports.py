"""Delete files whose retention is over."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

import attrs

from ticket_export.application.announcements import Announcements
from ticket_export.application.file.ownership import StorageOwnership
from ticket_export.application.file.places import CALLS_IN_VAIN, StoragePlaces
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.job_and_task import failing, has_own_file
from ticket_export.domain.export_job import ExportJob
from ticket_export.errors import LeaseLostError, StorageNotOwnedError, StorageUnavailableError, UnknownPlaceError

_log = logging.getLogger(__name__)

_PAGE = 100


@attrs.frozen(kw_only=True)
class CleanUp:
    """How many exports were cleaned up, and how many could not be cleaned up this time.

    `unknown_places` has the URLs of the storages of their files that no setting names.
    `refused` says why some were not, if another copy of the database owns a storage.
    """

    cleaned_up: int = 0
    failed: int = 0
    unknown_places: tuple[str, ...] = ()
    refused: str | None = None


@attrs.frozen(kw_only=True)
class CleanUpExpiredExports:
    """Delete the files of expired exports.

    Rules:
        1. An export is due from the moment of `expires_at` on.
        2. An export that is still queued or running fails first, and its task fails with it.
        3. The object is deleted first. Then the row says so: `is_cleaned_up`, no media item. An object in a storage
           that this database does not own (`StorageOwnership`) stays, and so does the row.
        4. An export that cannot be cleaned up is left to the next call; the others are cleaned up, except those whose
           files are in a storage that is away.
        5. Several calls, also concurrent ones, clean up each export once.
        6. Long views are not read.
        7. If no setting names the storage of a file, file and rows stay. The log says so once.
        8. An export with the file of another program is not touched.
    """

    unit_of_work: Callable[[], UnitOfWork]
    places: StoragePlaces
    ownership: StorageOwnership
    announcements: Announcements
    clock: Clock

    def __call__(self) -> CleanUp:
        """Clean up the exports that are due now."""
        cleaned_up = failed = 0
        unknown_places: set[str] = set()
        causes: set[str] = set()
        refused = None
        in_vain: Counter[str | None] = Counter()
        for job in self._due():
            item = job.media_item
            if item is not None and in_vain[item.storage_place] >= CALLS_IN_VAIN:
                failed += 1
                continue
            try:
                cleaned_up += self._clean_up(job, self.clock.now())
                if item is not None:
                    in_vain[item.storage_place] = 0
            except LeaseLostError:
                continue  # another process has just changed it; if it is still due, the next call cleans it up
            except UnknownPlaceError as error:
                unknown_places.add(error.place)
                failed += 1
            except StorageNotOwnedError as error:
                self.ownership.tell(error)
                refused = str(error)
                failed += 1
            except Exception as error:  # noqa: BLE001 - by rule 4
                if item is not None and isinstance(error, StorageUnavailableError):
                    in_vain[item.storage_place] += 1
                # Hundreds of exports may fail alike.
                text, extra = "export %s could not be cleaned up", {"job_id": str(job.id)}
                if str(error) in causes:
                    _log.error(f"{text}, for the same reason", job.id, extra=extra)
                else:
                    _log.exception(text, job.id, extra=extra)
                causes.add(str(error))
                failed += 1
        unknown = tuple(sorted(unknown_places))
        return CleanUp(cleaned_up=cleaned_up, failed=failed, unknown_places=unknown, refused=refused)

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
        if job.media_item is not None and not has_own_file(job):
            return False
        if not job.status.is_final:
            self._expire(job.id, now)
        elif job.media_item is not None:
            self.places.delete(job.media_item, self.ownership)
        with self.unit_of_work() as work:
            # Not `find`, which would read its view too.
            stored = next(iter(work.jobs.find_all([job.id])), None)
            if stored is None or stored.is_cleaned_up:
                return False
            if stored.media_item_id != job.media_item_id:
                raise LeaseLostError(f"export {job.id} has just got its file")
            _keep(work, job.id)
            media_item = stored.media_item
            stored.clean_up(now)
            work.jobs.update(stored, was=stored.status)
            if media_item is not None and not work.media_items.remove(media_item.id):
                raise LeaseLostError(f"another transaction keeps the media item of export {job.id}")
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
            with failing(work, job, now):
                job.expire(now)
                tell = self.announcements.failed(work, job, at=now)
        tell()


def _keep(work: UnitOfWork, job_id: UUID) -> None:
    if not work.jobs.keep(job_id):
        # It may keep it for long, and the other exports do not wait for that.
        raise LeaseLostError(f"another transaction keeps export {job_id}")
