"""Objects that no export knows go away."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from uuid import UUID

import attrs

from ticket_export.application.file.export_file import KEY_PREFIX, attempt_of, manifest_key
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
    """How many objects were removed, how many unfinished ones, and with how many it did not work this time."""

    removed: int = 0
    unfinished: int = 0
    failed: int = 0


@attrs.frozen(kw_only=True)
class SweepOrphanedObjects:
    """Remove what attempts left behind that were killed at the worst moment.

    Rules:
        1. The file of a completed export and its manifest stay until clean-up.
        2. What the attempt wrote that is running now stays; it may be about to complete.
        3. What belongs to an export whose row cannot be read stays.
        4. Everything else below ``exports/<job>/<attempt>/`` goes. Other keys are not touched.
        5. So one storage, with its prefix, belongs to one database: another's exports would be orphans.
        6. What was begun and never finished goes after `stale_after`, by the one of `clocks` that is furthest behind: a
           storage tells the time by a clock of its own, and what an attempt writes now must not look old.
    """

    unit_of_work: Callable[[], UnitOfWork]
    storage: ExportStorage
    clocks: Sequence[Clock]
    stale_after: timedelta

    def __call__(self) -> Sweep:
        """Sweep once.

        Raises:
            StorageError: the storage cannot be listed.
        """
        removed = failed = 0
        keys = self.storage.list(KEY_PREFIX)
        # The keys come first and the jobs after them: a job that completes in between is known then.
        while page := list(islice(keys, _PAGE)):
            for key in self._orphans(page):
                try:
                    self.storage.delete(key)
                    removed += 1
                except StorageError:
                    _log.exception("the orphaned object %s could not be removed", key)
                    failed += 1
        return Sweep(removed=removed, unfinished=self._discard_stale(), failed=failed)

    def _orphans(self, keys: Sequence[str]) -> list[str]:
        attempts = {key: attempt for key in keys if (attempt := attempt_of(key))}
        if not attempts:
            return []
        with self.unit_of_work() as work:
            jobs = _readable_jobs(work, {job_id for job_id, _ in attempts.values()})
        return [key for key, attempt in attempts.items() if attempt[0] in jobs and not _is_known(key, attempt, jobs)]

    def _discard_stale(self) -> int:
        if not isinstance(self.storage, SupportsDiscardStale):
            return 0
        return self.storage.discard_stale(min(clock.now() for clock in self.clocks) - self.stale_after)


def _readable_jobs(work: UnitOfWork, job_ids: Collection[UUID]) -> dict[UUID, ExportJob | None]:
    """Those jobs, None for one that there is not; one whose row holds what no export can is left out."""
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
