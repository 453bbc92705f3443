"""The stored export jobs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import attrs

from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.user_id import UserId
from ticket_export.errors import UnknownDeveloperNameError

#: The errors of reading a job whose row another program wrote with values that no export can have.
UNREADABLE: Final = (UnknownDeveloperNameError, ValueError, TypeError)


@attrs.frozen(kw_only=True)
class FilesAtPlace:
    """The number of all files of one storage `provider` and `place`, and of those among them that have expired."""

    provider: str
    place: str | None
    files: int
    expired: int


class ExportJobRepository(Protocol):
    """The rows of the jobs, inside one transaction. Returned jobs have `requester`, `media_item` and `background_task`.

    `find` reads the whole job. A method that returns several jobs leaves out the views that are longer than
    `SHORT_VIEW` (see `ExportJob.has_view`), because a view may have 256 KiB.

    Another program may have written a row that no export can have, for example with another status. `page`,
    `active_of` and the two ``due_for`` methods pass over such a row; the other methods raise one of `UNREADABLE`.
    """

    @abstractmethod
    def add(self, job: ExportJob) -> None:
        """Store a new job."""

    @abstractmethod
    def find(self, job_id: UUID) -> ExportJob | None:
        """Return the job of that id, or None."""

    @abstractmethod
    def keep(self, job_id: UUID) -> bool:
        """Keep the job from other transactions until this one ends; return False at once if another one keeps it."""

    @abstractmethod
    def update(self, job: ExportJob, *, was: ExportJobStatus) -> None:
        """Store a changed job, except its view, if its stored status is still `was` and it is not cleaned up.

        Raises:
            LeaseLostError: the stored job has changed; nothing was changed.
        """

    @abstractmethod
    def page(
        self, *, requester_ids: Collection[UserId] | None, offset: int, limit: int
    ) -> tuple[Sequence[ExportJob], int]:
        """Return `limit` jobs from `offset` on, newest request first, and the number of all of them.

        Only the jobs of these requesters; of no requester there are none. None means the jobs of everyone.
        """

    @abstractmethod
    def count_of(self, requester_user_id: UserId) -> int:
        """Return the number of all rows of the requester, also of those that `page` leaves out."""

    @abstractmethod
    def active_of(self, requester_user_id: UserId) -> Sequence[ExportJob]:
        """Return the requester's queued and running jobs, oldest request first.

        Another transaction that calls this for the same requester waits until this one ends, so that concurrent
        requests of one user come one after the other.

        Raises:
            JobDatabaseError: the other transaction did not end within some seconds.
        """

    @abstractmethod
    def find_all(self, job_ids: Collection[UUID]) -> Sequence[ExportJob]:
        """Return those of the jobs that exist, in any order."""

    @abstractmethod
    def due_for_clean_up(self, *, now: datetime, after: ExportJob | None, limit: int) -> Sequence[ExportJob]:
        """Return at most `limit` jobs that have expired by `now` and are not cleaned up, in the order of their expiry.

        A job with a file of another program, whose key does not begin with ``exports/`` and an id, is left out. `after`
        is the last job of the previous page, or None for the first page.
        """

    @abstractmethod
    def files_by_place(self, *, now: datetime) -> Sequence[FilesAtPlace]:
        """Count the files of the jobs that are not cleaned up by `now`, in the order of provider and place.

        Only files whose keys begin as the library's own do, with ``exports/`` and an id.
        """

    @abstractmethod
    def due_for_purge(self, name: str, *, before: datetime, after: ExportJob | None, limit: int) -> Sequence[ExportJob]:
        """Return at most `limit` jobs that were cleaned up by `before`, in the order of their expiry.

        Only jobs with a task of that name: another program may store jobs in the same table. `after` is the last job of
        the previous page, or None for the first page.
        """

    @abstractmethod
    def remove(self, job_id: UUID) -> bool:
        """Delete the job; return False at once if another transaction keeps it, or if there is none.

        Its task and its media item stay.
        """

    @abstractmethod
    def clear_stamps_of(self, user_id: UserId, *, name: str, limit: int) -> int:
        """Empty the stamps (creator, last modifier) that name this user, in at most `limit` jobs; return their number.

        Only jobs with a task of that name.

        Raises:
            JobDatabaseError: another transaction keeps one of the jobs for some seconds.
        """

    @abstractmethod
    def active_without_task(self, name: str, *, before: datetime, limit: int, skip: int = 0) -> Sequence[ExportJob]:
        """Return at most `limit` queued or running jobs that no worker will ever end, oldest request first.

        Their task, of that name, has ended; or they have no task, and were requested, stored and last changed by
        `before`, since a younger job may still get its task. A job that is cleaned up is left out, since nothing may
        change it. `skip` is the number of the oldest jobs that are left out.
        """
