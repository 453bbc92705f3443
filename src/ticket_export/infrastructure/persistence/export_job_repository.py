"""Export jobs in the table ``ExportJobs``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from ticket_export.errors import LeaseLostError
from ticket_export.infrastructure.persistence.mapping import export_job_from, row_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Connection, Select

    from ticket_export.domain.export_job import ExportJob
    from ticket_export.domain.export_job_status import ExportJobStatus
    from ticket_export.infrastructure.persistence.tables import Tables


class SqlAlchemyExportJobRepository:
    """Works on one open connection, inside its transaction."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables
        self._jobs = tables.export_jobs

    def add(self, job: ExportJob) -> None:
        """Store a new job; its background task and media item must be stored before it."""
        self._connection.execute(insert(self._jobs).values(row_of(job, self._jobs)))

    def find(self, job_id: UUID) -> ExportJob | None:
        """The job of that id, or None."""
        row = self._connection.execute(self._joined().where(self._jobs.c.id == job_id)).mappings().one_or_none()
        return None if row is None else export_job_from(row, self._tables)

    def update(self, job: ExportJob, *, was: ExportJobStatus) -> None:
        """Store a changed job, provided that its stored status still is `was`.

        Raises:
            LeaseLostError: it is not; nothing was changed.
        """
        unchanged = (self._jobs.c.id == job.id) & (self._jobs.c.status == was)
        statement = update(self._jobs).where(unchanged).values(row_of(job, self._jobs))
        if self._connection.execute(statement).rowcount == 0:
            raise LeaseLostError(f"export {job.id} is no longer {was}")

    def page(self, *, requester_user_id: UUID | None, offset: int, limit: int) -> tuple[Sequence[ExportJob], int]:
        """`limit` jobs from `offset` on, newest request first, and how many there are in all."""
        jobs, total = self._joined(), select(func.count()).select_from(self._jobs)
        if requester_user_id is not None:
            mine = self._jobs.c.requester_user_id == requester_user_id
            jobs, total = jobs.where(mine), total.where(mine)
        newest_first = jobs.order_by(self._jobs.c.requested_at.desc(), self._jobs.c.id.desc())
        rows = self._connection.execute(newest_first.offset(offset).limit(limit)).mappings()
        found = [export_job_from(row, self._tables) for row in rows]
        return found, self._connection.execute(total).scalar_one()

    def _joined(self) -> Select[*tuple[object, ...]]:
        users, media_items, tasks = self._tables.users, self._tables.media_items, self._tables.background_tasks
        return (
            select(self._jobs, users, media_items, tasks)
            .outerjoin(users, users.c.id == self._jobs.c.requester_user_id)
            .outerjoin(media_items, media_items.c.id == self._jobs.c.media_item_id)
            .outerjoin(tasks, tasks.c.id == self._jobs.c.background_task_id)
        )
