"""List exports."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.dto import ExportJobDto, ExportPage, WatchedPage
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.supports_reading import for_reading
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.requester_names import RequesterNames
from ticket_export.application.rights import Rights
from ticket_export.application.view.view_summary import stored_view
from ticket_export.domain.export_job import ExportJob

#: The most exports that one page may hold.
MAX_PAGE_SIZE = 200
#: The last page that may be asked for. The offset then fits into the integers of every database.
MAX_PAGE = 1_000_000_000


@attrs.frozen(kw_only=True)
class ListExports:
    """List exports, newest first.

    Rules:
        1. Users see their own exports. The policy decides whether a user sees the exports of others.
        2. A user who may not see every row and every column gets the exports of others without their details.
    """

    unit_of_work: Callable[[], UnitOfWork]
    rights: Rights
    clock: Clock
    names: RequesterNames | None = None

    def __call__(self, actor: Actor, *, page: int = 1, page_size: int = 50) -> ExportPage:
        """Return page number `page`, counted from 1, of at most `page_size` exports.

        Raises:
            ValueError: `page` is not from 1 to a billion, or `page_size` is not from 1 to 200.
        """
        shown, _, total = self._page(actor, page, page_size)
        return ExportPage(items=tuple(shown), page=page, page_size=page_size, total=total)

    def watched(self, actor: Actor, *, page: int = 1, page_size: int = 50) -> WatchedPage:
        """Return the same page, with what the actor may do with each export now.

        Raises:
            ValueError: as a call does.
        """
        shown, jobs, total = self._page(actor, page, page_size)
        now = self.clock.now()
        items = (
            self.rights.watched(actor, job, dto, view=stored_view(job.snapshot_payload_json), now=now)
            for job, dto in zip(jobs, shown, strict=True)
        )
        return WatchedPage(items=tuple(items), page=page, page_size=page_size, total=total)

    def _page(self, actor: Actor, page: int, page_size: int) -> tuple[Sequence[ExportJobDto], Sequence[ExportJob], int]:
        if not 1 <= page <= MAX_PAGE:
            raise ValueError(f"page must be from 1 to {MAX_PAGE}, not {page}")
        if not 1 <= page_size <= MAX_PAGE_SIZE:
            raise ValueError(f"page_size must be from 1 to {MAX_PAGE_SIZE}, not {page_size}")
        sight = self.rights.sight(actor)
        with for_reading(self.unit_of_work()) as work:
            jobs, total = work.jobs.page(
                requester_ids=sight.requester_ids, offset=(page - 1) * page_size, limit=page_size
            )
        shown = self.rights.shown(actor, jobs)
        return (self.names.added_to(shown) if self.names else shown), jobs, total
