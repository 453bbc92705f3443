"""Export jobs in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

import attrs

from ticket_export.application.ports.export_job_repository import ExportJobRepository, FilesAtPlace
from ticket_export.application.view.limits import SHORT_VIEW
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.user_id import UserId
from ticket_export.errors import LeaseLostError
from ticket_export.infrastructure.memory.database import InMemoryTransaction

_KEY = re.compile(r"exports/.{8}-.{4}-.{4}-.{4}-.{12}/")


class InMemoryExportJobRepository(ExportJobRepository):
    """The jobs inside one in-memory transaction."""

    def __init__(self, transaction: InMemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, job: ExportJob) -> None:
        """Store a new job.

        Raises:
            ValueError: a job of that id, or not the row that it refers to, is stored.
        """
        rows = self._transaction.writing()
        if job.id in rows.jobs:
            raise ValueError(f"export {job.id} is stored already")
        self._store(job)

    def find(self, job_id: UUID) -> ExportJob | None:
        job = self._transaction.reading().jobs.get(job_id)
        return None if job is None else self._joined(job)

    def keep(self, job_id: UUID) -> bool:
        """Keep the job: other transactions wait for the write lock."""
        return job_id in self._transaction.writing().jobs

    def update(self, job: ExportJob, *, was: ExportJobStatus) -> None:
        """Store a changed job, all but its view, if its stored status still is `was` and it is not cleaned up.

        Raises:
            LeaseLostError: it is not so; nothing was changed.
            ValueError: what it points at is not stored.
        """
        stored = self._transaction.writing().jobs.get(job.id)
        if stored is None or stored.status != was or stored.is_cleaned_up:
            raise LeaseLostError(f"export {job.id} is no longer {was}, or is cleaned up")
        self._store(attrs.evolve(job, snapshot_payload_json=stored.snapshot_payload_json))

    def page(
        self, *, requester_ids: Collection[UserId] | None, offset: int, limit: int
    ) -> tuple[Sequence[ExportJob], int]:
        jobs = self._oldest_first(lambda job: requester_ids is None or job.requester_user_id in requester_ids)
        return [self._short(job) for job in jobs[::-1][offset : offset + limit]], len(jobs)

    def count_of(self, requester_user_id: UserId) -> int:
        return len(self._oldest_first(lambda job: job.requester_user_id == requester_user_id))

    def active_of(self, requester_user_id: UserId) -> Sequence[ExportJob]:
        self._transaction.writing()
        mine = self._oldest_first(lambda job: job.requester_user_id == requester_user_id and not job.status.is_final)
        return [self._short(job) for job in mine]

    def find_all(self, job_ids: Collection[UUID]) -> Sequence[ExportJob]:
        return [self._short(job) for job in map(self.find, set(job_ids)) if job is not None]

    def due_for_clean_up(self, *, now: datetime, after: ExportJob | None, limit: int) -> Sequence[ExportJob]:
        def is_due(job: ExportJob) -> bool:
            item = self._joined(job).media_item
            is_ours = item is None or _KEY.match(item.object_key) is not None
            return job.is_expired_at(now) and not job.is_cleaned_up and is_ours

        return self._by_expiry(is_due, after, limit)

    def files_by_place(self, *, now: datetime) -> Sequence[FilesAtPlace]:
        rows = self._transaction.reading()
        found: dict[tuple[str, str | None], list[bool]] = {}
        for job in rows.jobs.values():
            item = rows.media_items.get(job.media_item_id) if job.media_item_id and not job.is_cleaned_up else None
            if item is not None and _KEY.match(item.object_key):
                place = item.file_storage_provider, item.storage_place
                found.setdefault(place, []).append(job.is_expired_at(now))
        return [
            FilesAtPlace(provider=provider, place=place, files=len(expired), expired=sum(expired))
            for (provider, place), expired in sorted(found.items(), key=lambda each: (each[0][0], each[0][1] or ""))
        ]

    def due_for_purge(self, name: str, *, before: datetime, after: ExportJob | None, limit: int) -> Sequence[ExportJob]:
        def is_due(job: ExportJob) -> bool:
            changed = job.last_modification_time
            was_cleaned_up = job.is_cleaned_up and job.is_expired_at(before) and (changed is None or changed <= before)
            return was_cleaned_up and self._has_task(job, name)

        return self._by_expiry(is_due, after, limit)

    def remove(self, job_id: UUID) -> bool:
        return self._transaction.writing().jobs.pop(job_id, None) is not None

    def clear_stamps_of(self, user_id: UserId, *, name: str, limit: int) -> int:
        jobs = self._transaction.writing().jobs
        stamped = [job for job in jobs.values() if job.is_stamped_by(user_id) and self._has_task(job, name)][:limit]
        jobs.update((job.id, job.without_stamps_of(user_id)) for job in stamped)
        return len(stamped)

    def active_without_task(self, name: str, *, before: datetime, limit: int, skip: int = 0) -> Sequence[ExportJob]:
        abandoned = self._oldest_first(
            lambda job: not job.status.is_final and not job.is_cleaned_up and self._lacks_task(job, name, before)
        )
        return [self._short(job) for job in abandoned[skip : skip + limit]]

    def _by_expiry(
        self, is_due: Callable[[ExportJob], bool], after: ExportJob | None, limit: int
    ) -> Sequence[ExportJob]:
        due = [
            job
            for job in self._transaction.reading().jobs.values()
            if is_due(job) and (after is None or (job.expires_at, job.id) > (after.expires_at, after.id))
        ]
        due.sort(key=lambda job: (job.expires_at, job.id))
        return [self._short(job) for job in due[:limit]]

    def _has_task(self, job: ExportJob, name: str) -> bool:
        task = self._transaction.reading().tasks.get(job.background_task_id) if job.background_task_id else None
        return task is not None and task.name == name

    def _oldest_first(self, wanted: Callable[[ExportJob], bool]) -> list[ExportJob]:
        jobs = filter(wanted, self._transaction.reading().jobs.values())
        return sorted(jobs, key=lambda job: (job.requested_at, job.id))

    def _lacks_task(self, job: ExportJob, name: str, before: datetime) -> bool:
        task = self._transaction.reading().tasks.get(job.background_task_id) if job.background_task_id else None
        if task is not None:
            return task.name == name and task.has_ended
        return max(job.requested_at, job.creation_time, job.last_modification_time or job.creation_time) <= before

    def _store(self, job: ExportJob) -> None:
        rows = self._transaction.writing()
        if job.media_item_id is not None and job.media_item_id not in rows.media_items:
            raise ValueError(f"export {job.id} points at media item {job.media_item_id}, which is not stored")
        if job.background_task_id is not None and job.background_task_id not in rows.tasks:
            raise ValueError(f"export {job.id} points at background task {job.background_task_id}, which is not stored")
        rows.jobs[job.id] = attrs.evolve(job, requester=None, media_item=None, background_task=None)

    def _short(self, job: ExportJob) -> ExportJob:
        found = self._joined(job)
        is_short = len(found.snapshot_payload_json) <= SHORT_VIEW
        return found if is_short else attrs.evolve(found, snapshot_payload_json="")

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
