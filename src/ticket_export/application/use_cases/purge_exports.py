"""Delete the rows of exports that were cleaned up long ago."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import attrs

from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.application.run.job_and_task import remove_export
from ticket_export.domain.export_job import ExportJob

_log = logging.getLogger(__name__)

_PAGE = 100


@attrs.frozen(kw_only=True)
class Purge:
    """How many exports were deleted, and how many could not be deleted this time."""

    purged: int = 0
    failed: int = 0


@attrs.frozen(kw_only=True)
class PurgeExports:
    """Delete the rows of an export some time after its clean-up: the job, its task, and a media item that is left.

    Rules:
        1. An export is due from `history` after its clean-up on. If `history` is None, nothing is ever deleted.
        2. An export that is not cleaned up stays, because its file may exist. If another program has marked it as
           cleaned up and left its file, the sweep deletes the file once the export is purged.
        3. Only exports with a task of this library are deleted. Rows of other programs stay, whatever their age.
        4. Each export is deleted in a transaction of its own. One that another transaction keeps, or that cannot be
           deleted, is left to the next call; the others are deleted. A row that cannot be read stays, with a log line.
        5. Several calls, also concurrent ones, delete each export once.
        6. Audit entries stay, and the purge adds none: the log has the clean-up of the export already.
    """

    unit_of_work: Callable[[], UnitOfWork]
    clock: Clock
    history: timedelta | None

    def __call__(self, *, history: timedelta | None = None) -> Purge:
        """Delete the exports that are due now, by `history` instead of the setting if it is given."""
        history = self.history if history is None else history
        if history is None:
            return Purge()
        purged = failed = 0
        for job in self._due(self.clock.now() - history):
            try:
                with self.unit_of_work() as work:
                    purged += remove_export(work, job)
            except Exception:  # noqa: BLE001 - by rule 4
                _log.exception("export %s could not be purged", job.id, extra={"job_id": str(job.id)})
                failed += 1
        return Purge(purged=purged, failed=failed)

    def _due(self, before: datetime) -> Iterator[ExportJob]:
        last = None
        while True:
            with self.unit_of_work() as work:
                page = work.jobs.due_for_purge(TASK_NAME, before=before, after=last, limit=_PAGE)
            if not page:
                return
            yield from page
            last = page[-1]
