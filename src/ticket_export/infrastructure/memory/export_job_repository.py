"""Export jobs in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ticket_export.errors import LeaseLostError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from ticket_export.domain.export_job import ExportJob
    from ticket_export.domain.export_job_status import ExportJobStatus
    from ticket_export.infrastructure.memory.database import InMemoryTransaction


class InMemoryExportJobRepository:
    """Works inside one in-memory transaction."""

    def __init__(self, transaction: InMemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, job: ExportJob) -> None:
        """Store a new job.

        Raises:
            ValueError: its id is taken, or what it points at is not stored.
        """
        rows = self._transaction.writing()
        if job.id in rows.jobs:
            raise ValueError(f"export {job.id} is stored already")
        self._store(job)

    def find(self, job_id: UUID) -> ExportJob | None:
        """The job of that id, or None."""
        job = self._transaction.reading().jobs.get(job_id)
        return None if job is None else self._joined(job)

    def update(self, job: ExportJob, *, was: ExportJobStatus) -> None:
        """Store a changed job, provided that its stored status still is `was`.

        Raises:
            LeaseLostError: it is not; nothing was changed.
            ValueError: what it points at is not stored.
        """
        stored = self._transaction.writing().jobs.get(job.id)
        if stored is None or stored.status != was:
            raise LeaseLostError(f"export {job.id} is no longer {was}")
        self._store(job)

    def page(self, *, requester_user_id: UUID | None, offset: int, limit: int) -> tuple[Sequence[ExportJob], int]:
        """`limit` jobs from `offset` on, newest request first, and how many there are in all."""
        jobs = [
            job
            for job in self._transaction.reading().jobs.values()
            if requester_user_id is None or job.requester_user_id == requester_user_id
        ]
        jobs.sort(key=lambda job: (job.requested_at, job.id), reverse=True)
        return [self._joined(job) for job in jobs[offset : offset + limit]], len(jobs)

    def _store(self, job: ExportJob) -> None:
        rows = self._transaction.writing()
        if job.media_item_id is not None and job.media_item_id not in rows.media_items:
            raise ValueError(f"export {job.id} points at media item {job.media_item_id}, which is not stored")
        if job.background_task_id is not None and job.background_task_id not in rows.tasks:
            raise ValueError(f"export {job.id} points at background task {job.background_task_id}, which is not stored")
        rows.jobs[job.id] = attrs.evolve(job, requester=None, media_item=None, background_task=None)

    def _joined(self, job: ExportJob) -> ExportJob:
        rows = self._transaction.reading()
        media_item = rows.media_items.get(job.media_item_id) if job.media_item_id else None
        task = rows.tasks.get(job.background_task_id) if job.background_task_id else None
        return attrs.evolve(
            job,
            requester=self._transaction.database.users.get(job.requester_user_id),
            media_item=attrs.evolve(media_item) if media_item else None,
            background_task=attrs.evolve(task) if task else None,
        )
