"""Where export jobs are kept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.errors import UnknownDeveloperNameError

#: What reading a job raises where another program has written a row that holds what no export can.
UNREADABLE: Final = (UnknownDeveloperNameError, ValueError, TypeError)


class ExportJobRepository(Protocol):
    """Jobs come back with `requester`, `media_item` and `background_task` filled in.

    `find` reads the whole job. A method that returns several leaves out the views that are longer than `SHORT_VIEW`
    (`ExportJob.has_view` tells), so that no list and no clean-up reads what may be 256 KiB for each job.

    Other programs may have written a row that holds what no export can, such as another status. `page`, `active_of`
    and `due_for_clean_up` pass over it; the others raise one of `UNREADABLE`.
    """

    @abstractmethod
    def add(self, job: ExportJob) -> None:
        """Store a new job."""

    @abstractmethod
    def find(self, job_id: UUID) -> ExportJob | None:
        """The job of that id, or None."""

    @abstractmethod
    def keep(self, job_id: UUID) -> bool:
        """Keep the job from other transactions until this one ends; False, at once, if another one keeps it."""

    @abstractmethod
    def update(self, job: ExportJob, *, was: ExportJobStatus) -> None:
        """Store a changed job, provided that its stored status still is `was` and it is not cleaned up.

        The view never changes, and is left as it is stored.

        Raises:
            LeaseLostError: it is not so; nothing was changed.
        """

    @abstractmethod
    def page(self, *, requester_user_id: UUID | None, offset: int, limit: int) -> tuple[Sequence[ExportJob], int]:
        """`limit` jobs from `offset` on, newest request first, and how many there are in all.

        Only those of one requester, or everybody's where that is None.
        """

    @abstractmethod
    def active_of(self, requester_user_id: UUID) -> Sequence[ExportJob]:
        """The requester's queued and running jobs, oldest request first.

        Until the transaction ends, no other one gets this answer for the same requester: two requests
        at once come one after the other.

        Raises:
            JobDatabaseError: another transaction did not end within some seconds.
        """

    @abstractmethod
    def find_all(self, job_ids: Collection[UUID]) -> Sequence[ExportJob]:
        """Those jobs that there are, in any order."""

    @abstractmethod
    def due_for_clean_up(self, *, now: datetime, after: ExportJob | None, limit: int) -> Sequence[ExportJob]:
        """At most `limit` jobs that have expired by `now` and are not cleaned up, in the order of their expiry.

        `after` is the last job of the page before, or None for the first page.
        """

    @abstractmethod
    def active_without_task(self, name: str, *, before: datetime, limit: int, skip: int = 0) -> Sequence[ExportJob]:
        """At most `limit` queued or running jobs that no worker will ever end, oldest request first.

        Their task, of that name, has ended. Or they have no task, and were requested, stored and last changed by
        `before`: a younger job may get its task yet. One that says it is cleaned up is not among them: nobody may
        change it. `skip` passes over so many of the oldest.
        """
