"""Delete objects that belong to no export."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from uuid import UUID

import attrs

from ticket_export.application.file.export_file import attempt_of, database_prefix, manifest_key
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.export_job_repository import UNREADABLE
from ticket_export.application.ports.export_storage import ExportStorage, SupportsDiscardStale
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.errors import StorageError

_log = logging.getLogger(__name__)

_PAGE = 500


@attrs.frozen(kw_only=True)
class Sweep:
    """How many objects were removed, how many unfinished ones were, and how many could not be removed this time."""

    removed: int = 0
    unfinished: int = 0
    failed: int = 0


@attrs.frozen(kw_only=True)
class SweepOrphanedObjects:
    """Remove the objects that killed attempts have left.

    Rules:
        1. The file of a completed export and its manifest stay until clean-up.
        2. The objects of the attempt that is running now stay; it may be about to complete.
        3. The objects of an export whose row cannot be read stay.
        4. Every other object below ``exports/<database>/<job>/<attempt>/`` is removed. Other keys are not touched.
        5. Objects of another database stay, since its id is in their keys.
        6. An unfinished object is removed `stale_after` its last write, by the slowest of `clocks`: a storage has a
           clock of its own, and an object that is being written must not look old.
    """

    unit_of_work: Callable[[], UnitOfWork]
    storage: ExportStorage
    clocks: Sequence[Clock]
    stall: timedelta

    def __call__(self) -> Sweep:
        """Remove the orphans that exist now.

        Raises:
            StorageError: the storage cannot be listed.
        """
        removed = failed = 0
        with self.unit_of_work() as work:
            prefix = database_prefix(work.database.identity().id)
        keys = self.storage.list(prefix)
        # The keys are read before the jobs: a job that completes in between is known then.
        while page := list(islice(keys, _PAGE)):
            for key in self._orphans(page):
                try:
                    self.storage.delete(key)
                    removed += 1
                except StorageError:
                    _log.exception("the orphaned object %s could not be removed", key)
                    failed += 1
        return Sweep(removed=removed, unfinished=self._discard_stale(prefix), failed=failed)

    @property
    def stale_after(self) -> timedelta:
        """The age from which no attempt can still be writing an object: one without progress for `stall` is let go."""
        return max(2 * self.stall, timedelta(hours=1))

    def _orphans(self, keys: Sequence[str]) -> list[str]:
        attempts = {key: attempt for key in keys if (attempt := attempt_of(key))}
        if not attempts:
            return []
        with self.unit_of_work() as work:
            jobs = _readable_jobs(work, {job_id for job_id, _ in attempts.values()})
        return [key for key, attempt in attempts.items() if attempt[0] in jobs and not _is_known(key, attempt, jobs)]

    def _discard_stale(self, prefix: str) -> int:
        if not isinstance(self.storage, SupportsDiscardStale):
            return 0
        before = min(clock.now() for clock in self.clocks) - self.stale_after
        return self.storage.discard_stale(before, prefix=prefix)


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
