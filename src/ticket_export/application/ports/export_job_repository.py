"""Where export jobs are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from ticket_export.domain.export_job import ExportJob
    from ticket_export.domain.export_job_status import ExportJobStatus


class ExportJobRepository(Protocol):
    """Jobs come back with `requester`, `media_item` and `background_task` filled in."""

    def add(self, job: ExportJob) -> None:
        """Store a new job."""
        ...

    def find(self, job_id: UUID) -> ExportJob | None:
        """The job of that id, or None."""
        ...

    def update(self, job: ExportJob, *, was: ExportJobStatus) -> None:
        """Store a changed job, provided that its stored status still is `was`.

        Raises:
            LeaseLostError: it is not; nothing was changed.
        """
        ...

    def page(self, *, requester_user_id: UUID | None, offset: int, limit: int) -> tuple[Sequence[ExportJob], int]:
        """`limit` jobs from `offset` on, newest request first, and how many there are in all.

        Only those of one requester, or everybody's where that is None.
        """
        ...
