"""Delete objects that belong to no export."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from uuid import UUID

import attrs

from ticket_export.application.file.export_file import (
    KEY_PREFIX,
    attempt_of,
    database_of,
    database_prefix,
    manifest_key,
    require_there,
)
from ticket_export.application.file.ownership import StorageOwnership
from ticket_export.application.file.places import CALLS_IN_VAIN, StoragePlaces
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.export_job_repository import UNREADABLE
from ticket_export.application.ports.export_storage import ExportStorage, SupportsDiscardStale
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.errors import StorageError, StorageNotOwnedError, StorageUnavailableError

_log = logging.getLogger(__name__)

_PAGE = 500


@attrs.frozen(kw_only=True)
class Sweep:
    """How many objects were removed, how many unfinished ones were, and how many could not be removed this time.

    `refused` says why nothing was removed, if another copy of the database owns the storage.
    """

    removed: int = 0
    unfinished: int = 0
    failed: int = 0
    refused: str | None = None


@attrs.frozen(kw_only=True)
class SweepOrphanedObjects:
    """Remove the objects that killed attempts have left.

    Rules:
        1. Nothing is removed unless this database owns the storage (`StorageOwnership`).
        2. The file of a completed export and its manifest stay until clean-up.
        3. The objects of the attempt that is running now stay; it may be about to complete.
        4. The objects of an export whose row cannot be read stay.
        5. Every other object below ``exports/<database>/<job>/<attempt>/`` is removed, with the id of this database.
        6. Older versions made keys without the id. While this database has a file of such a version, the objects below
           ``exports/<job>/<attempt>/`` are removed by the same rules, if it knows the job.
        7. Other keys are not touched.
        8. An unfinished object is removed `stale_after` its last write, by the slowest of `clocks`: a storage has a
           clock of its own, and an object that is being written must not look old.
        9. The log has the number of removed objects, and each key at the level DEBUG.
        10. The former storages are swept too: an attempt may have been killed there before the setting was changed. One
            that cannot be swept is logged and passed over.
        11. A storage that is away is not asked to delete every object.
    """

    unit_of_work: Callable[[], UnitOfWork]
    places: StoragePlaces
    ownership: StorageOwnership
    clocks: Sequence[Clock]
    stall: timedelta

    def __call__(self) -> Sweep:
        """Remove the orphans that exist now.

        Raises:
            StorageError: the storage cannot be listed, or its owner object cannot be read or written.
        """
        done = self._swept(self.places.present)
        for storage in self.places.former:
            try:
                # Not by a claim, which would create the folder of a disk that is not mounted.
                require_there(storage)
                also = self._swept(storage)
            except StorageError as error:
                _log.info("a former storage (%s) was not swept: %s", storage.place, error)
            else:
                done = Sweep(
                    removed=done.removed + also.removed,
                    unfinished=done.unfinished + also.unfinished,
                    failed=done.failed + also.failed,
                    refused=done.refused or also.refused,
                )
        return done

    def _swept(self, storage: ExportStorage) -> Sweep:
        removed = failed = 0
        try:
            self.ownership.renew(storage)
            for page in filter(None, self._pages(storage)):
                # A copy of the database may have taken over the storage and written there since the last look.
                self.ownership.require_still(storage)
                gone = _remove_all(storage, page)
                removed, failed = removed + gone, failed + len(page) - gone
            unfinished = self._discard_stale(storage)
        except StorageNotOwnedError as error:
            self.ownership.tell(error)
            return Sweep(removed=removed, failed=failed, refused=str(error))
        if removed or unfinished:
            _log.info("the sweep removed %d orphaned and %d unfinished objects", removed, unfinished)
        return Sweep(removed=removed, unfinished=unfinished, failed=failed)

    @property
    def stale_after(self) -> timedelta:
        """The age from which no attempt can still be writing an object: one without progress for `stall` is let go."""
        return max(2 * self.stall, timedelta(hours=1))

    def orphans(self, storage: ExportStorage) -> Iterator[str]:
        """Return the keys of the objects that a sweep would remove from one of the storages now.

        Raises:
            StorageError: the storage cannot be listed.
        """
        return (key for page in self._pages(storage) for key in page)

    def _pages(self, storage: ExportStorage) -> Iterator[Sequence[str]]:
        with self.unit_of_work() as work:
            database_id = work.database.identity().id
            files = work.jobs.files_by_place(now=self.clocks[0].now())
        yield from self._orphans(storage, database_prefix(database_id), database_id)
        if any(each.place is None for each in files):
            yield from self._orphans(storage, KEY_PREFIX, None)

    def _orphans(self, storage: ExportStorage, prefix: str, database_id: UUID | None) -> Iterator[Sequence[str]]:
        keys = (key for key in storage.list(prefix) if database_of(key) == database_id)
        # The keys are read before the jobs: a job that completes in between is known then.
        while page := list(islice(keys, _PAGE)):
            attempts = {key: attempt for key in page if (attempt := attempt_of(key))}
            with self.unit_of_work() as work:
                jobs = _readable_jobs(work, {job_id for job_id, _ in attempts.values()})
            if database_id is None:
                # The key does not say in which database its job is.
                jobs = {job_id: job for job_id, job in jobs.items() if job is not None}
            yield [key for key, attempt in attempts.items() if attempt[0] in jobs and not _is_known(key, attempt, jobs)]

    def _discard_stale(self, storage: ExportStorage) -> int:
        if not isinstance(storage, SupportsDiscardStale):
            return 0
        with self.unit_of_work() as work:
            prefix = database_prefix(work.database.identity().id)
        before = min(clock.now() for clock in self.clocks) - self.stale_after
        return storage.discard_stale(before, prefix=prefix)


def _remove_all(storage: ExportStorage, keys: Sequence[str]) -> int:
    removed = in_vain = 0
    for key in keys:
        try:
            storage.delete(key)
        except StorageError as error:
            _log.exception("the orphaned object %s could not be removed", key)
            in_vain = in_vain + 1 if isinstance(error, StorageUnavailableError) else 0
            if in_vain == CALLS_IN_VAIN:
                break
        else:
            _log.debug("the sweep removed %s", key)
            removed, in_vain = removed + 1, 0
    return removed


def _readable_jobs(work: UnitOfWork, job_ids: Collection[UUID]) -> dict[UUID, ExportJob | None]:
    """Return the jobs by id: None for a job that does not exist, no entry for a job that cannot be read."""
    try:
        found = {job.id: job for job in work.jobs.find_all(job_ids)}
    except UNREADABLE:
        if len(job_ids) > 1:
            return {job_id: job for each in job_ids for job_id, job in _readable_jobs(work, [each]).items()}
        _log.exception("export %s cannot be read; its objects stay", *job_ids)
        return {}
    return {job_id: found.get(job_id) for job_id in job_ids}


def _is_known(key: str, attempt: tuple[UUID, int], jobs: Mapping[UUID, ExportJob | None]) -> bool:
    job_id, token = attempt
    job = jobs[job_id]
    if job is None:
        return False
    if job.media_item is not None and key in {job.media_item.object_key, manifest_key(job.media_item.object_key)}:
        return True
    task = job.background_task
    return job.status == ExportJobStatus.RUNNING and task is not None and task.fencing_token == token
