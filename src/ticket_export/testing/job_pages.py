"""What every `ExportJobRepository` promises of the pages it gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import attrs
import pytest

from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.user import User
from ticket_export.testing.back_door import BackDoor, D, ids_of
from ticket_export.testing.entities import NOW, a_job, a_user

A_MOMENT = timedelta(microseconds=1)
EVERYTHING = 1000
MOST_PAGES = 20


class JobPagesContract(BackDoor[D]):
    """A part of `UnitOfWorkContract`."""

    def test_jobs_are_paged_newest_request_first(self, database: D, requester: User) -> None:
        jobs = [a_job(requester, requested_at=NOW + n * A_MOMENT) for n in (2, 0, 4, 1, 3)]
        self.put_jobs(database, *jobs)
        newest_first = sorted(jobs, key=lambda job: job.requested_at, reverse=True)
        with self.unit_of_work(database) as unit_of_work:
            assert unit_of_work.jobs.page(requester_user_id=None, offset=0, limit=2) == (newest_first[:2], 5)
            assert unit_of_work.jobs.page(requester_user_id=None, offset=2, limit=2) == (newest_first[2:4], 5)
            assert unit_of_work.jobs.page(requester_user_id=None, offset=4, limit=2) == (newest_first[4:], 5)
            assert unit_of_work.jobs.page(requester_user_id=None, offset=6, limit=2) == ([], 5)

    def test_jobs_of_one_moment_are_each_on_one_page(self, database: D, requester: User) -> None:
        jobs = [a_job(requester) for _ in range(6)]
        self.put_jobs(database, *jobs)
        with self.unit_of_work(database) as unit_of_work:
            pages = [unit_of_work.jobs.page(requester_user_id=None, offset=n, limit=2)[0] for n in (0, 2, 4)]
        assert ids_of([job for page in pages for job in page]) == ids_of(jobs)

    def test_a_page_of_one_requester_holds_and_counts_theirs_alone(
        self, database: D, requester: User, stored_job: ExportJob
    ) -> None:
        somebody_else = a_user()
        self.put_user_behind(database, somebody_else)
        self.put_jobs(database, a_job(somebody_else))
        with self.unit_of_work(database) as unit_of_work:
            page = unit_of_work.jobs.page(requester_user_id=requester.id, offset=0, limit=10)
            assert page == ([stored_job], 1)
            assert page[0][0].requester == requester
            assert unit_of_work.jobs.page(requester_user_id=None, offset=0, limit=10)[1] == 2

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

    def put_expired_jobs(self, database: D, requester: User, *expiries: datetime) -> list[ExportJob]:
        jobs = [attrs.evolve(a_job(requester), expires_at=expires_at) for expires_at in expiries]
        self.put_jobs(database, *jobs)
        return jobs

    def _pages_due(self, database: D, limit: int) -> Iterator[tuple[UnitOfWork, Sequence[ExportJob]]]:
        """Every page until an empty one, each in a transaction of its own that is then committed."""
        after = None
        # A page that is given again and again would never come to an end.
        for _ in range(MOST_PAGES):
            with self.unit_of_work(database) as unit_of_work:
                page = unit_of_work.jobs.due_for_clean_up(now=NOW, after=after, limit=limit)
                if not page:
                    return
                yield unit_of_work, page
                unit_of_work.commit()
            after = page[-1]
        pytest.fail("the pages of jobs that are due come to no end")
