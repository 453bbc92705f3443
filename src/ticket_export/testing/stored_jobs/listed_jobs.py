"""The contract of an `ExportJobRepository` for several jobs, all at once or by pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import attrs
import pytest

from ticket_export.application.ports.export_job_repository import FilesAtPlace
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.view.limits import SHORT_VIEW
from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.user import User
from ticket_export.testing.entities import NOW, a_job, a_media_item, a_task, a_user, a_user_id
from ticket_export.testing.stored_jobs.back_door import RACERS, BackDoor, D, ids_of

A_MOMENT = timedelta(microseconds=1)
EVERYTHING = 1000
MOST_PAGES = 20
ACTIVE = {ExportJobStatus.QUEUED, ExportJobStatus.RUNNING}
ENDED = {BackgroundTaskStatus.COMPLETE, BackgroundTaskStatus.ERROR}

#: The methods that return several jobs, each called with a job that is among them.
_SEVERAL: dict[str, Callable[..., Any]] = {
    "page": lambda jobs, _job: jobs.page(requester_ids=None, offset=0, limit=EVERYTHING)[0],
    "active_of": lambda jobs, job: jobs.active_of(job.requester_user_id),
    "find_all": lambda jobs, job: jobs.find_all([job.id]),
    "due_for_clean_up": lambda jobs, job: jobs.due_for_clean_up(now=job.expires_at, after=None, limit=EVERYTHING),
    "active_without_task": lambda jobs, _job: jobs.active_without_task("export", before=NOW, limit=EVERYTHING),
}


class ListedJobsContract(BackDoor[D]):
    """A part of `UnitOfWorkContract`."""

    @pytest.mark.parametrize("asked", _SEVERAL.values(), ids=_SEVERAL)
    def test_jobs_are_listed_field_by_field_with_the_three_they_point_at(
        self, database: D, requester: User, asked: Callable[..., Sequence[ExportJob]]
    ) -> None:
        media_item, task = a_media_item(self.user_key), attrs.evolve(a_task(), status=BackgroundTaskStatus.ERROR)
        self.put_media_item_behind(database, media_item)
        self.put_task_behind(database, task)
        job = attrs.evolve(
            a_job(requester, status=ExportJobStatus.RUNNING, background_task_id=task.id),
            media_item_id=media_item.id,
            progress_stage="Exporting",
            progress_percent=40,
        )
        self.put_jobs(database, job)
        with self.unit_of_work(database) as unit_of_work:
            (found,) = asked(unit_of_work.jobs, job)
        assert found == job
        assert (found.requester, found.media_item, found.background_task) == (
            self.in_table(requester),
            media_item,
            task,
        )

    @pytest.mark.parametrize("asked", _SEVERAL.values(), ids=_SEVERAL)
    def test_a_long_view_is_left_out_of_a_list_and_found_by_id(
        self, database: D, requester: User, asked: Callable[..., Sequence[ExportJob]]
    ) -> None:
        long = json.dumps({"columns": ["id"], "searchTerm": "x" * SHORT_VIEW})
        job = attrs.evolve(a_job(requester), snapshot_payload_json=long)
        self.put_jobs(database, job)
        with self.unit_of_work(database) as unit_of_work:
            (listed,) = asked(unit_of_work.jobs, job)
            found = unit_of_work.jobs.find(job.id)
        assert not listed.has_view
        assert listed == attrs.evolve(job, snapshot_payload_json="")
        assert found is not None
        assert json.loads(found.snapshot_payload_json) == json.loads(long)

    def test_an_update_of_a_job_without_its_view_keeps_the_view(self, database: D, requester: User) -> None:
        job = a_job(requester)
        self.put_jobs(database, job)
        with self.unit_of_work(database) as unit_of_work:
            changed = attrs.evolve(job, row_count=7, snapshot_payload_json="")
            unit_of_work.jobs.update(changed, was=job.status)
            unit_of_work.commit()
        assert self.get_job_behind(database, job.id) == attrs.evolve(job, row_count=7)

    def test_the_active_jobs_of_a_user_are_their_queued_and_running_ones_oldest_request_first(
        self, database: D, requester: User
    ) -> None:
        somebody_else = a_user(self.user_key)
        self.put_user_behind(database, somebody_else)
        mine = [
            a_job(requester, status=status, requested_at=NOW + n * A_MOMENT)
            for n, status in enumerate([*ExportJobStatus.supported_types(), *ExportJobStatus.supported_types()])
        ]
        self.put_jobs(database, *reversed(mine), a_job(somebody_else))
        with self.unit_of_work(database) as unit_of_work:
            assert list(unit_of_work.jobs.active_of(requester.id)) == [job for job in mine if job.status in ACTIVE]
            assert list(unit_of_work.jobs.active_of(a_user_id(self.user_key))) == []

    def test_many_requests_of_a_user_at_once_come_one_after_the_other(self, database: D, requester: User) -> None:
        limit = RACERS - 3

        def requests(_racer: int) -> bool:
            with self.unit_of_work(database) as unit_of_work:
                if len(unit_of_work.jobs.active_of(requester.id)) >= limit:
                    return False
                unit_of_work.jobs.add(a_job(requester))
                unit_of_work.commit()
                return True

        assert sum(self.race(requests)) == limit
        with self.unit_of_work(database) as unit_of_work:
            assert len(unit_of_work.jobs.active_of(requester.id)) == limit

    def test_a_job_is_kept_if_it_is_there(self, database: D, requester: User) -> None:
        job = a_job(requester)
        self.put_jobs(database, job)
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.jobs.keep(job.id)
            # The same transaction may keep a job twice.
            assert unit_of_work.jobs.keep(job.id)
            assert not unit_of_work.jobs.keep(uuid4())

    def test_those_of_many_ids_that_there_are_are_found_once_each(self, database: D, requester: User) -> None:
        jobs = [a_job(requester) for _ in range(3)]
        self.put_jobs(database, *jobs)
        with self.unit_of_work(database) as unit_of_work:
            asked = [jobs[0].id, uuid4(), jobs[1].id, jobs[0].id]
            assert ids_of(unit_of_work.jobs.find_all(asked)) == ids_of(jobs[:2])
            assert list(unit_of_work.jobs.find_all([])) == []

    def test_more_ids_can_be_asked_for_than_a_statement_has_parameters(self, database: D, requester: User) -> None:
        jobs = [a_job(requester) for _ in range(2)]
        self.put_jobs(database, *jobs)
        # PostgreSQL takes 65,535 in one statement.
        asked = [jobs[0].id, *(uuid4() for _ in range(66_000)), jobs[1].id, jobs[0].id]
        with self.unit_of_work(database) as unit_of_work:
            assert ids_of(unit_of_work.jobs.find_all(asked)) == ids_of(jobs)

    def test_an_active_job_whose_task_has_ended_or_is_gone_is_without_one(self, database: D, requester: User) -> None:
        forsaken = []
        for status, task_status in product(ExportJobStatus.supported_types(), [None, *BackgroundTaskStatus]):
            task = None if task_status is None else attrs.evolve(a_task(), status=task_status)
            if task is not None:
                self.put_task_behind(database, task)
            job = a_job(requester, status=status, background_task_id=task.id if task else None)
            self.put_jobs(database, job)
            if status in ACTIVE and (task_status is None or task_status in ENDED):
                forsaken.append(job)
        with self.unit_of_work(database) as unit_of_work:
            found = unit_of_work.jobs.active_without_task("export", before=NOW, limit=EVERYTHING)
            some = unit_of_work.jobs.active_without_task("export", before=NOW, limit=2)
            rest = unit_of_work.jobs.active_without_task("export", before=NOW, limit=EVERYTHING, skip=2)
        assert ids_of(found) == ids_of(forsaken)
        assert [*some, *rest] == list(found)
        assert len(some) == 2
        assert {job.id for job in some} < {job.id for job in forsaken}

    @pytest.mark.parametrize("status", sorted(ACTIVE))
    def test_an_active_job_without_a_task_is_without_one_once_it_is_old_enough(
        self, database: D, requester: User, status: ExportJobStatus
    ) -> None:
        old = a_job(requester, status=status)
        later = NOW + A_MOMENT
        young = [
            attrs.evolve(a_job(requester, status=status), requested_at=later),
            attrs.evolve(a_job(requester, status=status), creation_time=later),
            attrs.evolve(a_job(requester, status=status), last_modification_time=later),
        ]
        changed = attrs.evolve(a_job(requester, status=status), last_modification_time=NOW)
        self.put_jobs(database, old, changed, *young)
        with self.unit_of_work(database) as unit_of_work:
            found = unit_of_work.jobs.active_without_task("export", before=NOW, limit=EVERYTHING)
            then = unit_of_work.jobs.active_without_task("export", before=later, limit=EVERYTHING)
        assert ids_of(found) == ids_of([old, changed])
        assert ids_of(then) == ids_of([old, changed, *young])

    @pytest.mark.parametrize("ended", sorted(ENDED))
    def test_a_job_whose_ended_task_has_another_name_is_not_without_one(
        self, database: D, requester: User, ended: BackgroundTaskStatus
    ) -> None:
        for name in ("send-mail", "Export", "export "):
            task = attrs.evolve(a_task(), id=uuid4(), name=name, status=ended)
            self.put_task_behind(database, task)
            self.put_jobs(database, a_job(requester, background_task_id=task.id))
        with self.unit_of_work(database) as unit_of_work:
            assert list(unit_of_work.jobs.active_without_task("export", before=NOW, limit=EVERYTHING)) == []

    def test_jobs_are_paged_newest_request_first(self, database: D, requester: User) -> None:
        jobs = [a_job(requester, requested_at=NOW + n * A_MOMENT) for n in (2, 0, 4, 1, 3)]
        self.put_jobs(database, *jobs)
        newest_first = sorted(jobs, key=lambda job: job.requested_at, reverse=True)
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.jobs.page(requester_ids=None, offset=0, limit=2) == (newest_first[:2], 5)
            assert unit_of_work.jobs.page(requester_ids=None, offset=2, limit=2) == (newest_first[2:4], 5)
            assert unit_of_work.jobs.page(requester_ids=None, offset=4, limit=2) == (newest_first[4:], 5)
            assert unit_of_work.jobs.page(requester_ids=None, offset=6, limit=2) == ([], 5)

    def test_jobs_of_one_moment_are_each_on_one_page(self, database: D, requester: User) -> None:
        jobs = [a_job(requester) for _ in range(6)]
        self.put_jobs(database, *jobs)
        with self.unit_of_work(database) as unit_of_work:
            pages = [unit_of_work.jobs.page(requester_ids=None, offset=n, limit=2)[0] for n in (0, 2, 4)]
        assert ids_of([job for page in pages for job in page]) == ids_of(jobs)

    def test_a_page_of_one_requester_holds_and_counts_theirs_alone(
        self, database: D, requester: User, stored_job: ExportJob
    ) -> None:
        somebody_else = a_user(self.user_key)
        self.put_user_behind(database, somebody_else)
        self.put_jobs(database, a_job(somebody_else))
        with self.unit_of_work(database) as unit_of_work:
            page = unit_of_work.jobs.page(requester_ids=[requester.id], offset=0, limit=10)
            assert page == ([stored_job], 1)
            assert page[0][0].requester == self.in_table(requester)
            assert unit_of_work.jobs.page(requester_ids=None, offset=0, limit=10)[1] == 2

    def test_a_page_of_some_requesters_holds_and_counts_theirs_alone(self, database: D, requester: User) -> None:
        colleague, stranger = a_user(self.user_key), a_user(self.user_key)
        for user in (colleague, stranger):
            self.put_user_behind(database, user)
        jobs = [
            a_job(user, requested_at=NOW + n * A_MOMENT)
            for n, user in enumerate([requester, colleague, stranger, colleague, requester])
        ]
        self.put_jobs(database, *jobs)
        theirs = [jobs[4], jobs[3], jobs[1], jobs[0]]
        with self.unit_of_work(database) as unit_of_work:
            for requester_ids in (
                [requester.id, colleague.id],
                {colleague.id, requester.id, a_user(self.user_key).id},
                (requester.id, colleague.id, requester.id),
            ):
                found = unit_of_work.jobs.page(requester_ids=requester_ids, offset=0, limit=10)
                assert found == (theirs, 4)
            assert unit_of_work.jobs.page(requester_ids=[requester.id, colleague.id], offset=3, limit=1) == (
                theirs[3:],
                4,
            )

    def test_a_page_of_no_requester_is_empty(self, database: D, requester: User, stored_job: ExportJob) -> None:
        with self.unit_of_work(database) as unit_of_work:
            for requester_ids in ([], [a_user(self.user_key).id]):
                assert unit_of_work.jobs.page(requester_ids=requester_ids, offset=0, limit=10) == ([], 0)

    def test_a_page_may_be_of_a_thousand_requesters_and_one(
        self, database: D, requester: User, stored_job: ExportJob
    ) -> None:
        # SQLite before version 3.32 takes 999 parameters in one statement.
        requester_ids = [*(a_user(self.user_key).id for _ in range(1_000)), requester.id]
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.jobs.page(requester_ids=requester_ids, offset=0, limit=10) == ([stored_job], 1)

    @pytest.mark.parametrize("status", ExportJobStatus.supported_types(), ids=str)
    def test_a_job_is_due_for_clean_up_from_its_expiry_until_it_is_cleaned_up(
        self, database: D, requester: User, status: ExportJobStatus
    ) -> None:
        expiries = [NOW, NOW - A_MOMENT, NOW + A_MOMENT, NOW]
        at_once, before, later, cleaned = (
            attrs.evolve(a_job(requester, status=status), expires_at=expires_at) for expires_at in expiries
        )
        cleaned.is_cleaned_up = True
        self.put_jobs(database, at_once, before, later, cleaned)
        with self.unit_of_work(database) as unit_of_work:
            due = unit_of_work.jobs.due_for_clean_up(now=NOW, after=None, limit=EVERYTHING)
        assert list(due) == [before, at_once]

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, EVERYTHING])
    def test_pages_of_jobs_due_neither_lose_nor_repeat_one(self, database: D, requester: User, limit: int) -> None:
        moments = [NOW - n * A_MOMENT for n in (1, 3, 1, 2, 3, 1, 3, 3)]
        jobs = self.put_expired_jobs(database, requester, *moments)
        pages = [page for _, page in self._pages_due(database, limit)]
        assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
        found = [job for page in pages for job in page]
        assert ids_of(found) == ids_of(jobs)
        assert [job.expires_at for job in found] == sorted(moments)

    def test_pages_of_jobs_due_stay_whole_while_every_other_job_is_cleaned_up(
        self, database: D, requester: User
    ) -> None:
        jobs = self.put_expired_jobs(database, requester, *[NOW] * 9)
        seen: list[ExportJob] = []
        for unit_of_work, page in self._pages_due(database, limit=2):
            unit_of_work.jobs.update(attrs.evolve(page[0], is_cleaned_up=True), was=page[0].status)
            seen += page
        assert ids_of(seen) == ids_of(jobs)
        with self.unit_of_work(database) as unit_of_work:
            left = unit_of_work.jobs.due_for_clean_up(now=NOW, after=None, limit=EVERYTHING)
        assert ids_of(left) == ids_of(seen[1::2])

    def test_a_page_may_follow_a_job_that_is_no_longer_stored(self, database: D, requester: User) -> None:
        early, late = self.put_expired_jobs(database, requester, NOW - 2 * A_MOMENT, NOW)
        gone = attrs.evolve(a_job(requester), expires_at=NOW - A_MOMENT)
        with self.unit_of_work(database) as unit_of_work:
            assert list(unit_of_work.jobs.due_for_clean_up(now=NOW, after=gone, limit=EVERYTHING)) == [late]
            assert list(unit_of_work.jobs.due_for_clean_up(now=NOW, after=early, limit=EVERYTHING)) == [late]
            assert list(unit_of_work.jobs.due_for_clean_up(now=NOW, after=late, limit=EVERYTHING)) == []

    def test_a_job_with_a_file_of_another_program_is_never_due_for_clean_up(self, database: D, requester: User) -> None:
        for key in ("invoices/2026/1.pdf", "exports/2026/1.pdf", "exports/a", f"export/{uuid4()}/1/a.csv", ""):
            self.put_file(database, requester, object_key=key)
        job = self.put_file(database, requester)
        with self.unit_of_work(database) as unit_of_work:
            assert list(unit_of_work.jobs.due_for_clean_up(now=NOW, after=None, limit=EVERYTHING)) == [job]

    def test_files_are_counted_by_place(self, database: D, requester: User) -> None:
        one, other = "file:///srv/one", "s3://other?endpoint=http://minio:9000"
        for provider, place, expires_at in [
            ("file", one, NOW),
            ("file", one, NOW + A_MOMENT),
            ("s3", other, NOW + A_MOMENT),
            ("file", None, NOW - A_MOMENT),
        ]:
            fields: dict[str, Any] = {"file_storage_provider": provider, "storage_place": place}
            self.put_file(database, requester, expires_at=expires_at, **fields)
        self.put_file(database, requester, is_cleaned_up=True)
        self.put_file(database, requester, object_key="invoices/2026/1.pdf")
        self.put_jobs(database, a_job(requester))
        with self.unit_of_work(database) as unit_of_work:
            assert list(unit_of_work.jobs.files_by_place(now=NOW)) == [
                FilesAtPlace(provider="file", place=None, files=1, expired=1),
                FilesAtPlace(provider="file", place=one, files=2, expired=1),
                FilesAtPlace(provider="s3", place=other, files=1, expired=0),
            ]

    def test_without_files_there_is_no_place(self, database: D, stored_job: ExportJob) -> None:
        with self.unit_of_work(database) as unit_of_work:
            assert list(unit_of_work.jobs.files_by_place(now=NOW)) == []

    def put_file(
        self,
        database: D,
        requester: User,
        *,
        expires_at: datetime = NOW,
        is_cleaned_up: bool = False,
        **fields: Any,
    ) -> ExportJob:
        """Store a completed job with a media item that has these fields."""
        item, task = attrs.evolve(a_media_item(self.user_key), **fields), a_task()
        self.put_media_item_behind(database, item)
        self.put_tasks(database, task)
        job = a_job(requester, status=ExportJobStatus.COMPLETED, background_task_id=task.id)
        job = attrs.evolve(job, media_item_id=item.id, expires_at=expires_at, is_cleaned_up=is_cleaned_up)
        self.put_jobs(database, job)
        return job

    def put_expired_jobs(self, database: D, requester: User, *expiries: datetime) -> list[ExportJob]:
        jobs = [attrs.evolve(a_job(requester), expires_at=expires_at) for expires_at in expiries]
        self.put_jobs(database, *jobs)
        return jobs

    def _pages_due(self, database: D, limit: int) -> Iterator[tuple[UnitOfWork, Sequence[ExportJob]]]:
        """Every page until an empty one, each in a transaction of its own that is then committed."""
        after = None
        # A page that comes again and again would never end the loop.
        for _ in range(MOST_PAGES):
            with self.unit_of_work(database) as unit_of_work:
                page = unit_of_work.jobs.due_for_clean_up(now=NOW, after=after, limit=limit)
                if not page:
                    return
                yield unit_of_work, page
                unit_of_work.commit()
            after = page[-1]
        pytest.fail("the pages of jobs that are due do not end")
