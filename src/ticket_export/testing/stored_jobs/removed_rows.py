"""The contract of the repositories where rows are deleted: by a purge, and for a user who is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import attrs
import pytest

from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.user import User
from ticket_export.testing.entities import NOW, a_completed_job, a_job, a_media_item, a_task, a_user
from ticket_export.testing.stored_jobs.back_door import BackDoor, D, ids_of

_A_MOMENT = timedelta(microseconds=1)
_EVERYTHING = 1_000


class RemovedRowsContract(BackDoor[D]):
    """A part of `UnitOfWorkContract`."""

    def put_cleaned_up_job(
        self,
        database: D,
        requester: User,
        *,
        name: str = "export",
        expires_at: datetime = NOW,
        cleaned_up_at: datetime | None = NOW,
        status: ExportJobStatus = ExportJobStatus.COMPLETED,
    ) -> ExportJob:
        task = attrs.evolve(a_task(), name=name)
        self.put_tasks(database, task)
        job = attrs.evolve(
            a_job(requester, status=status, background_task_id=task.id),
            is_cleaned_up=True,
            expires_at=expires_at,
            last_modification_time=cleaned_up_at,
        )
        self.put_jobs(database, job)
        return job

    def due_for_purge(
        self, database: D, *, before: datetime = NOW, after: ExportJob | None = None, limit: int = _EVERYTHING
    ) -> Sequence[ExportJob]:
        with self.unit_of_work(database) as unit_of_work:
            return unit_of_work.jobs.due_for_purge("export", before=before, after=after, limit=limit)

    @pytest.mark.parametrize("status", ExportJobStatus.supported_types(), ids=str)
    def test_a_job_is_due_for_purge_from_the_moment_of_its_clean_up_on(
        self, database: D, requester: User, status: ExportJobStatus
    ) -> None:
        job = self.put_cleaned_up_job(database, requester, expires_at=NOW - _A_MOMENT, status=status)
        assert list(self.due_for_purge(database, before=NOW - _A_MOMENT)) == []
        (due,) = self.due_for_purge(database, before=NOW)
        assert due == job
        assert due.requester == requester
        assert due.background_task is not None

    def test_a_job_that_nobody_changed_is_due_for_purge_from_its_expiry_on(self, database: D, requester: User) -> None:
        job = self.put_cleaned_up_job(database, requester, cleaned_up_at=None)
        assert list(self.due_for_purge(database, before=NOW - _A_MOMENT)) == []
        assert list(self.due_for_purge(database)) == [job]

    @pytest.mark.parametrize("status", ExportJobStatus.supported_types(), ids=str)
    def test_a_job_that_is_not_cleaned_up_is_never_due_for_purge(
        self, database: D, requester: User, status: ExportJobStatus
    ) -> None:
        task = a_task()
        self.put_tasks(database, task)
        job = a_job(requester, status=status, background_task_id=task.id)
        self.put_jobs(database, attrs.evolve(job, expires_at=NOW))
        assert list(self.due_for_purge(database, before=NOW + timedelta(days=9999))) == []

    def test_a_job_of_another_program_is_never_due_for_purge(self, database: D, requester: User) -> None:
        mine = self.put_cleaned_up_job(database, requester)
        self.put_cleaned_up_job(database, requester, name="send-mail")
        self.put_cleaned_up_job(database, requester, name="Export")
        self.put_jobs(database, attrs.evolve(a_job(requester), is_cleaned_up=True, expires_at=NOW))
        assert list(self.due_for_purge(database, before=NOW + timedelta(days=9999))) == [mine]

    @pytest.mark.parametrize("limit", [1, 2, 3, _EVERYTHING])
    def test_pages_of_jobs_due_for_purge_neither_lose_nor_repeat_one(
        self, database: D, requester: User, limit: int
    ) -> None:
        expiries = [NOW - n * _A_MOMENT for n in (1, 3, 1, 2, 3)]
        jobs = [self.put_cleaned_up_job(database, requester, expires_at=expiry) for expiry in expiries]
        found: list[ExportJob] = []
        while page := self.due_for_purge(database, after=found[-1] if found else None, limit=limit):
            assert len(page) <= limit
            found += page
            assert len(found) <= len(jobs)
        assert ids_of(found) == ids_of(jobs)
        assert [job.expires_at for job in found] == sorted(expiries)

    def test_a_removed_job_is_gone_and_what_it_pointed_at_stays(self, database: D, requester: User) -> None:
        media_item, task = a_media_item(), a_task()
        self.put_media_item_behind(database, media_item)
        self.put_tasks(database, task)
        job, other = a_completed_job(requester, media_item, task), a_job(requester)
        self.put_jobs(database, job, other)
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.jobs.remove(job.id)
            unit_of_work.commit()
        assert self.get_job_behind(database, job.id) is None
        assert self.get_job_behind(database, other.id) == other
        assert self.get_task_behind(database, task.id) == task
        assert self.get_media_item_behind(database, media_item.id) == media_item

    def test_a_removed_task_is_gone_and_its_job_points_at_none(self, database: D, requester: User) -> None:
        task, other = a_task(), a_task()
        self.put_tasks(database, task, other)
        job = a_job(requester, background_task_id=task.id)
        self.put_jobs(database, job)
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.tasks.remove(task.id)
            unit_of_work.commit()
        assert self.get_task_behind(database, task.id) is None
        assert self.get_task_behind(database, other.id) == other
        assert self.get_job_behind(database, job.id) == attrs.evolve(job, background_task_id=None)

    def test_what_is_not_there_is_not_removed(self, database: D) -> None:
        with self.unit_of_work(database) as unit_of_work:
            assert not unit_of_work.jobs.remove(uuid4())
            assert not unit_of_work.tasks.remove(uuid4())
            unit_of_work.commit()

    def test_a_removal_that_is_not_committed_is_undone(self, database: D, requester: User) -> None:
        task = a_task()
        self.put_tasks(database, task)
        job = a_job(requester, background_task_id=task.id)
        self.put_jobs(database, job)
        with self.unit_of_work(database) as unit_of_work:
            unit_of_work.jobs.remove(job.id)
            unit_of_work.tasks.remove(task.id)
        assert self.get_job_behind(database, job.id) == job
        assert self.get_task_behind(database, task.id) == task

    def test_a_job_is_removed_by_one_of_many_who_try_at_once(self, database: D, stored_job: ExportJob) -> None:
        def remove(_racer: int) -> bool:
            with self.unit_of_work(database) as unit_of_work:
                is_removed = unit_of_work.jobs.remove(stored_job.id)
                unit_of_work.commit()
                return is_removed

        assert sum(self.race(remove)) == 1
        assert self.get_job_behind(database, stored_job.id) is None

    def test_the_stamps_of_a_user_are_emptied_in_jobs_with_a_task_of_that_name(
        self, database: D, requester: User
    ) -> None:
        gone, other = a_user(), a_user()
        ours, foreign = a_task(), attrs.evolve(a_task(), name="send-mail")
        self.put_tasks(database, ours, foreign)
        job = attrs.evolve(
            a_job(requester, background_task_id=ours.id), creator_user_id=gone.id, last_modifier_user_id=other.id
        )
        jobs = {
            "created": job,
            "changed": attrs.evolve(job, id=uuid4(), creator_user_id=other.id, last_modifier_user_id=gone.id),
            "both": attrs.evolve(job, id=uuid4(), last_modifier_user_id=gone.id),
            "neither": attrs.evolve(job, id=uuid4(), creator_user_id=other.id),
            "without a task": attrs.evolve(job, id=uuid4(), background_task_id=None),
            "another's": attrs.evolve(job, id=uuid4(), background_task_id=foreign.id),
        }
        self.put_jobs(database, *jobs.values())
        assert self._clear_all(database, gone) == 3
        after = {what: self.get_job_behind(database, job.id) for what, job in jobs.items()}
        assert after == jobs | {
            "created": attrs.evolve(job, creator_user_id=None),
            "changed": attrs.evolve(jobs["changed"], last_modifier_user_id=None),
            "both": attrs.evolve(jobs["both"], creator_user_id=None, last_modifier_user_id=None),
        }
        assert self._clear_all(database, gone) == 0

    def _clear_all(self, database: D, user: User) -> int:
        cleared = 0
        while True:
            with self.unit_of_work(database) as unit_of_work:
                found = unit_of_work.jobs.clear_stamps_of(user.id, name="export", limit=2)
                unit_of_work.commit()
            assert found <= 2
            if not found:
                return cleared
            cleared += found

    def test_the_stamps_of_a_user_are_emptied_in_files_below_a_prefix(self, database: D) -> None:
        gone, other = a_user(), a_user()
        item = attrs.evolve(a_media_item(), creator_user_id=gone.id, last_modifier_user_id=other.id)
        items = {
            "created": item,
            "both": attrs.evolve(a_media_item(), creator_user_id=gone.id, last_modifier_user_id=gone.id),
            "neither": a_media_item(),
            "the host's": attrs.evolve(item, id=uuid4(), object_key="manuals/exports/1.pdf"),
            "in other letters": attrs.evolve(item, id=uuid4(), object_key="Exports/1.pdf"),
        }
        for each in items.values():
            self.put_media_item_behind(database, each)
        for expected in (2, 0):
            with self.unit_of_work(database) as unit_of_work:
                assert unit_of_work.media_items.clear_stamps_of(gone.id, prefix="exports/", limit=9) == expected
                unit_of_work.commit()
        after = {what: self.get_media_item_behind(database, each.id) for what, each in items.items()}
        assert after == items | {
            "created": attrs.evolve(item, creator_user_id=None),
            "both": attrs.evolve(items["both"], creator_user_id=None, last_modifier_user_id=None),
        }
