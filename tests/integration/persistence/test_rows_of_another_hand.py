"""Rows that another program has written, as the library never would: they harm no export but their own."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import attrs
import pytest
from sqlalchemy import Engine

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export import BackgroundTask, BackgroundTaskStatus, ExportJob
from ticket_export.application.claims import Claims
from ticket_export.application.export_task import TASK_NAME, task_args
from ticket_export.application.progress import Progress
from ticket_export.application.use_cases.recover_stalled_exports import RecoverStalledExports, Recovery
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.infrastructure.memory.audit_log import InMemoryAuditLog
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.export_events import InMemoryExportEvents
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import NOW, a_job, a_user

LEASE = timedelta(seconds=30)


@attrs.frozen
class Queue:
    """Exports that wait, oldest first."""

    engine: Engine
    rows: SqliteRows
    clock: InMemoryClock = attrs.field(factory=lambda: InMemoryClock(NOW))

    def put(self, *, age: int) -> UUID:
        user, asked = a_user(), NOW - timedelta(seconds=age)
        task = BackgroundTask(name=TASK_NAME, creation_time=asked)
        job = a_job(user, requested_at=asked, background_task_id=task.id)
        task.args = task_args(job.id)
        for row in (user, task, job):
            self.rows.put(row)
        return job.id

    def spoil(self, job_id: UUID, column: str, value: object) -> None:
        self.rows.run(f'UPDATE "ExportJobs" SET "{column}" = ? WHERE "Id" = ?', value, job_id.hex)

    def unit_of_work(self) -> SqlAlchemyUnitOfWork:
        return SqlAlchemyUnitOfWork(self.engine)

    @property
    def claims(self) -> Claims:
        return Claims(unit_of_work=self.unit_of_work, clock=self.clock, worker=lambda: "worker", lease=LEASE)

    @property
    def recover(self) -> RecoverStalledExports:
        return RecoverStalledExports(
            unit_of_work=self.unit_of_work,
            task_queue=InMemoryTaskQueue(),
            audit_log=InMemoryAuditLog(),
            events=InMemoryExportEvents(),
            clock=self.clock,
            max_attempts=3,
        )

    def claimed(self) -> UUID | None:
        attempt = self.claims.claim_next()
        return None if attempt is None else attempt.job.id

    def status(self, job_id: UUID) -> str:
        job = self.rows.get(ExportJob, job_id)
        assert job is not None
        return job.status.developer_name

    def task(self, job_id: UUID) -> BackgroundTask:
        ((task_id,),) = self.rows.run('SELECT "BackgroundTaskId" FROM "ExportJobs" WHERE "Id" = ?', job_id.hex)
        task = self.rows.get(BackgroundTask, UUID(task_id))
        assert task is not None
        return task


@pytest.fixture
def queue(engine: Engine, rows: SqliteRows) -> Queue:
    return Queue(engine, rows)


@pytest.mark.parametrize("spelling", ["Queued", "QUEUED"])
def test_status_in_other_letters_is_claimed_and_brought_to_its_end(queue: Queue, spelling: str) -> None:
    job_id = queue.put(age=1)
    queue.spoil(job_id, "Status", spelling)
    attempt = queue.claims.claim_next()
    assert attempt is not None
    queue.spoil(job_id, "Status", "Running")
    queue.clock.advance(LEASE / 2)
    attempt.report(Progress(ProgressStage.EXPORTING, 1, 2))
    queue.spoil(job_id, "Status", "RUNNING")
    attempt.fail("The storage is full.")
    assert (queue.status(job_id), queue.task(job_id).status) == ("failed", BackgroundTaskStatus.ERROR)


SPOILT = pytest.mark.parametrize(
    ("column", "value"),
    [("Status", "paused"), ("ExpiresAt", "tomorrow"), ("CreatorUserId", "nobody"), ("IsCleanedUp", 1)],
)


@SPOILT
def test_export_that_is_no_longer_one_holds_up_nobody_behind_it(queue: Queue, column: str, value: object) -> None:
    poisoned, behind, last = queue.put(age=3), queue.put(age=2), queue.put(age=1)
    queue.spoil(poisoned, column, value)
    assert [queue.claimed(), queue.claimed(), queue.claimed()] == [behind, last, None]
    task = queue.task(poisoned)
    assert (task.status, task.error_message) == (BackgroundTaskStatus.ERROR, "No export waits for this task.")
    assert [queue.status(behind), queue.status(last)] == ["running", "running"]


def test_export_that_says_it_is_cleaned_up_is_not_given_up_again_and_again(queue: Queue) -> None:
    poisoned, forsaken = queue.put(age=2), queue.put(age=1)
    queue.spoil(poisoned, "IsCleanedUp", 1)
    assert queue.claimed() == forsaken
    queue.rows.run('UPDATE "BackgroundTasks" SET "Status" = ?', "error")
    assert queue.recover() == Recovery(given_up=1)
    assert (queue.status(poisoned), queue.status(forsaken)) == ("queued", "failed")
    with queue.unit_of_work() as work:
        assert work.jobs.active_without_task(limit=10) == []
