"""Moments that other programs have written into the library's own tables on SQLite are instants, not texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from sqlalchemy import Engine

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import a_job, a_user

MOMENT = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
SPELLINGS = [
    "2026-01-31 10:00:00.000000",
    "2026-01-31 10:00:00",
    "2026-01-31 10:00:00.000",
    "2026-01-31 10:00:00.0000000",
    "2026-01-31T10:00:00Z",
    "2026-01-31T10:00:00.000Z",
    "2026-01-31T10:00:00.000000",
    "2026-01-31 10:00:00+00:00",
    "2026-01-31T12:00:00+02:00",
    "2026-01-30T22:00:00-12:00",
    "2026-02-01 00:00:00.000000+14:00",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_lease_and_expiry_end_at_the_instant_in_every_spelling(engine: Engine, rows: SqliteRows, spelling: str) -> None:
    requester = a_user()
    task = BackgroundTask(
        name="export",
        creation_time=MOMENT,
        status=BackgroundTaskStatus.PROCESSING,
        leased_by="w",
        leased_until=MOMENT,
    )
    job = attrs.evolve(a_job(requester), expires_at=MOMENT)
    for row in (requester, task, job):
        rows.put(row)
    rows.run('UPDATE "BackgroundTasks" SET "LeasedUntil" = ?', spelling)
    rows.run('UPDATE "ExportJobs" SET "ExpiresAt" = ?', spelling)
    with SqlAlchemyUnitOfWork(engine) as unit_of_work:
        assert unit_of_work.tasks.find(task.id) == task
        assert unit_of_work.tasks.lapsed("export", now=MOMENT - MILLISECOND, limit=9) == []
        assert unit_of_work.tasks.lapsed("export", now=MOMENT, limit=9) == [task]
        assert unit_of_work.jobs.due_for_clean_up(now=MOMENT - MILLISECOND, after=None, limit=9) == []
        (due,) = unit_of_work.jobs.due_for_clean_up(now=MOMENT, after=None, limit=9)
        assert due.expires_at == MOMENT
        assert unit_of_work.jobs.due_for_clean_up(now=MOMENT, after=due, limit=9) == []


def test_pages_and_clean_up_go_by_instants_and_not_by_texts(engine: Engine, rows: SqliteRows) -> None:
    requester = a_user()
    rows.put(requester)
    # In the order of their instants, an hour apart, each spelled in another way.
    spellings = [
        "2026-01-31T10:00:00Z",
        "2026-01-31 11:00:00.000000",
        "2026-01-31T14:00:00+02:00",
        "2026-01-31 13:00:00",
    ]
    jobs = [a_job(requester) for _ in spellings]
    for job, spelling in zip(jobs, spellings, strict=True):
        rows.put(job)
        rows.run(
            'UPDATE "ExportJobs" SET "RequestedAt" = ?, "ExpiresAt" = ? WHERE "Id" = ?', spelling, spelling, job.id.hex
        )
    with SqlAlchemyUnitOfWork(engine) as unit_of_work:
        page, _ = unit_of_work.jobs.page(requester_ids=None, offset=0, limit=9)
        assert [job.id for job in page] == [job.id for job in reversed(jobs)]
        now, after, found = MOMENT + timedelta(hours=9), None, []
        while due := unit_of_work.jobs.due_for_clean_up(now=now, after=after, limit=1):
            (after,) = due
            found.append(after.id)
            assert len(found) <= len(jobs)
    assert found == [job.id for job in jobs]
