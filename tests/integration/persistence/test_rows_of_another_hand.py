"""Rows that another program has written, as the library never would: they harm no export but their own."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from itertools import product
from uuid import UUID, uuid4

import attrs
import pytest
from dependency_injector.providers import Object
from sqlalchemy import Engine

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export import Actor, Settings, TicketExportContainer
from ticket_export.application.file.export_file import database_prefix, owner_key
from ticket_export.application.run.claims import Claims
from ticket_export.application.run.export_task import TASK_NAME, task_args
from ticket_export.application.run.progress import Progress
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUp
from ticket_export.application.use_cases.recover_stalled_exports import RecoverStalledExports, Recovery
from ticket_export.application.use_cases.sweep_orphaned_objects import Sweep
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.errors import ExportNotFoundError
from ticket_export.infrastructure.memory.audit_log import InMemoryAuditLog
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.ports import BackgroundTask, BackgroundTaskStatus, ExportJob
from ticket_export.testing.entities import NOW, a_job, a_user

LEASE = timedelta(seconds=30)
OURS = task_args(UUID(int=7))


@attrs.frozen(slots=False)
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

    @cached_property
    def parts(self) -> TicketExportContainer:
        parts = TicketExportContainer()
        parts.settings.override(Object(Settings(lease_seconds=LEASE.total_seconds())))
        parts.engine.override(Object(self.engine))
        parts.clock.override(Object(self.clock))
        parts.audit_log.override(Object(InMemoryAuditLog()))
        parts.task_queue.override(Object(InMemoryTaskQueue()))
        return parts

    @property
    def claims(self) -> Claims:
        return self.parts.claims()

    @property
    def recover(self) -> RecoverStalledExports:
        return self.parts.recover_stalled_exports()

    def claimed(self) -> UUID | None:
        attempt = self.claims.claim_next()
        return None if attempt is None else attempt.job.id

    def listed(self) -> tuple[list[UUID], int]:
        with self.unit_of_work() as work:
            jobs, total = work.jobs.page(requester_ids=None, offset=0, limit=200)
        return [job.id for job in jobs], total

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
    poisoned, behind, last = queue.put(age=63), queue.put(age=62), queue.put(age=61)
    queue.spoil(poisoned, column, value)
    assert [queue.claimed(), queue.claimed(), queue.claimed()] == [behind, last, None]
    task = queue.task(poisoned)
    assert (task.status, task.error_message) == (BackgroundTaskStatus.ERROR, "No queued export has this task.")
    assert [queue.status(behind), queue.status(last)] == ["running", "running"]


def test_export_that_says_it_is_cleaned_up_is_not_given_up_again_and_again(queue: Queue) -> None:
    poisoned, forsaken = queue.put(age=62), queue.put(age=61)
    queue.spoil(poisoned, "IsCleanedUp", 1)
    assert queue.claimed() == forsaken
    queue.rows.run('UPDATE "BackgroundTasks" SET "Status" = ?', "error")
    assert queue.recover() == Recovery(given_up=1)
    assert (queue.status(poisoned), queue.status(forsaken)) == ("queued", "failed")
    with queue.unit_of_work() as work:
        assert work.jobs.active_without_task(TASK_NAME, before=NOW, limit=10) == []


@SPOILT
def test_export_that_cannot_be_read_keeps_no_other_from_being_recovered(
    queue: Queue, column: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    poisoned, forsaken, lost = queue.put(age=63), queue.put(age=62), queue.put(age=61)
    attempts = [queue.claims.claim_next() for _ in range(3)]
    assert [each.job.id for each in attempts if each] == [poisoned, forsaken, lost]
    queue.spoil(poisoned, column, value)
    queue.rows.run('UPDATE "BackgroundTasks" SET "Status" = ? WHERE "Id" = ?', "error", queue.task(forsaken).id.hex)
    before = queue.rows.run('SELECT * FROM "ExportJobs" WHERE "Id" = ?', poisoned.hex)
    queue.clock.advance(2 * timedelta(minutes=1))
    assert queue.recover() == Recovery(requeued=1, given_up=1)
    assert (queue.status(forsaken), queue.status(lost)) == ("failed", "queued")
    assert queue.rows.run('SELECT * FROM "ExportJobs" WHERE "Id" = ?', poisoned.hex) == before
    assert queue.recover() == Recovery()


@pytest.mark.parametrize("value", ["archived", "", "Queued "])
def test_exports_of_a_status_that_is_not_ours_are_passed_over_by_lists_and_clean_up(queue: Queue, value: str) -> None:
    """However many there are, and though they have expired first."""
    foreign = queue.put(age=1_000)
    queue.spoil(foreign, "Status", value)
    _, *columns = [f'"{column.name}"' for column in queue.parts.tables().export_jobs.columns]
    queue.rows.run(
        f"""INSERT INTO "ExportJobs" ("Id", {", ".join(columns)})
            WITH RECURSIVE copies (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < 110)
            SELECT lower(hex(randomblob(16))), {", ".join(columns)} FROM "ExportJobs", copies"""
    )
    ours = queue.put(age=1)
    foreign_rows = 'SELECT * FROM "ExportJobs" WHERE "Id" <> ? ORDER BY "Id"'
    before = queue.rows.run(foreign_rows, ours.hex)
    assert len(before) == 111
    assert queue.listed() == ([ours], 1)
    queue.clock.advance(timedelta(days=9))
    assert queue.parts.clean_up_expired_exports()() == CleanUp(cleaned_up=1)
    assert queue.rows.run(foreign_rows, ours.hex) == before


def test_export_of_a_status_that_is_not_ours_looks_like_a_missing_one(queue: Queue) -> None:
    foreign = queue.put(age=1)
    queue.spoil(foreign, "Status", "archived")
    for who in (Actor(user_id=uuid4()), Actor(user_id=uuid4(), is_admin=True)):
        with pytest.raises(ExportNotFoundError):
            queue.parts.get_export()(who, foreign)


@SPOILT
def test_export_that_cannot_be_read_keeps_no_other_from_being_listed_and_cleaned_up(
    queue: Queue, column: str, value: object
) -> None:
    before, spoilt, after = queue.put(age=3), queue.put(age=2), queue.put(age=1)
    queue.spoil(spoilt, column, value)
    assert {before, after} <= set(queue.listed()[0])
    queue.clock.advance(timedelta(days=9))
    queue.parts.clean_up_expired_exports()()
    for job_id in (before, after):
        job = queue.rows.get(ExportJob, job_id)
        assert job is not None
        assert job.is_cleaned_up


@SPOILT
def test_export_of_a_user_that_cannot_be_read_does_not_keep_them_from_asking(
    queue: Queue, column: str, value: object
) -> None:
    spoilt, readable = queue.put(age=2), queue.put(age=1)
    requester = queue.rows.get(ExportJob, readable).requester_user_id  # type: ignore[union-attr]
    assert isinstance(requester, UUID)
    queue.rows.run('UPDATE "ExportJobs" SET "RequesterUserId" = ?', requester.hex)
    queue.spoil(spoilt, column, value)
    with queue.unit_of_work() as work:
        assert readable in {job.id for job in work.jobs.active_of(requester)}


@pytest.mark.parametrize("status", ["scheduled", "", "paused"])
def test_task_whose_status_is_not_ours_keeps_nobody_from_its_export(queue: Queue, status: str) -> None:
    ours, others = queue.put(age=62), queue.put(age=61)
    queue.rows.run('UPDATE "BackgroundTasks" SET "Status" = ? WHERE "Id" = ?', status, queue.task(ours).id.hex)
    tasks = queue.rows.run('SELECT * FROM "BackgroundTasks" ORDER BY "Id"')
    queue.clock.advance(timedelta(hours=1))
    assert queue.recover() == Recovery()
    assert queue.listed() == ([others, ours], 2)
    with queue.unit_of_work() as work:
        job = work.jobs.find(ours)
    assert job is not None
    assert (job.status, job.background_task) == ("queued", None)
    assert queue.rows.run('SELECT * FROM "BackgroundTasks" ORDER BY "Id"') == tasks


@SPOILT
def test_sweep_keeps_the_objects_of_an_export_that_cannot_be_read_and_removes_other_orphans(
    queue: Queue, column: str, value: object
) -> None:
    storage = InMemoryStorage()
    queue.parts.storage.override(Object(storage))
    spoilt, readable, missing = queue.put(age=2), queue.put(age=1), UUID(int=5)
    with queue.unit_of_work() as work:
        database_id = work.database.identity().id
    prefix = database_prefix(database_id)
    for job_id in (spoilt, readable, missing):
        with storage.open_writer(f"{prefix}{job_id}/1/tickets.csv", "text/csv") as writer:
            writer.write(b"ID")
    queue.spoil(spoilt, column, value)
    is_readable = column == "IsCleanedUp"
    assert queue.parts.sweep_orphaned_objects()() == Sweep(removed=2 + is_readable)
    kept = [] if is_readable else [f"{prefix}{spoilt}/1/tickets.csv"]
    assert list(storage.list("exports/")) == sorted([*kept, owner_key(database_id)])


FOREIGN_TASKS = [
    *(
        (name, args, status)
        for status in ("enqueued", "processing", "complete", "error")
        for name, args in (
            ("SendMail", "{}"),
            ("ExportTickets", OURS),
            ("Ticket_Export.Run_Export", OURS),
            (f"{TASK_NAME} ", OURS),
            (TASK_NAME, '{"reportId": 7}'),
            (TASK_NAME, "not JSON"),
        )
    ),
    *((TASK_NAME, OURS, status) for status in ("Enqueued", "PROCESSING", "Complete", "ERROR", "paused", "")),
]


def test_no_task_of_another_program_is_ever_changed(queue: Queue) -> None:
    """Of any name, age and status, with the lease columns empty or not, and with no export of ours."""
    ages, leases = (1, 10_000), (None, "2020-01-01 00:00:00.000000")
    for number, ((name, args, status), age, lease) in enumerate(product(FOREIGN_TASKS, ages, leases)):
        created = NOW - timedelta(seconds=age)
        task = BackgroundTask(id=UUID(int=number + 1), name=name, args=args, creation_time=created)
        queue.rows.put(task)
        queue.rows.run(
            'UPDATE "BackgroundTasks" SET "Status" = ?, "LeasedUntil" = ? WHERE "Id" = ?', status, lease, task.id.hex
        )
    foreign = 'SELECT * FROM "BackgroundTasks" WHERE "Id" LIKE \'0000000000000000%\' ORDER BY "Id"'
    before = queue.rows.run(foreign)
    assert len(before) == len(FOREIGN_TASKS) * len(ages) * len(leases)
    ours, lost = queue.put(age=61), queue.put(age=61)
    for _ in range(2):
        assert queue.claimed() in {ours, lost}
    queue.clock.advance(timedelta(minutes=2))
    assert queue.recover() == Recovery(requeued=2)
    assert {queue.claimed(), queue.claimed()} == {ours, lost}
    assert queue.claimed() is None
    assert queue.rows.run(foreign) == before


FOREIGN_JOBS = [
    None,
    *(("ExportTickets", status) for status in ("enqueued", "processing", "complete", "error", "Complete")),
]


@pytest.mark.parametrize("status", ["queued", "running", "Queued", "RUNNING"])
@pytest.mark.parametrize("task", FOREIGN_JOBS)
def test_no_job_is_ended_whose_task_another_program_has_or_is_about_to_write(
    queue: Queue, status: str, task: tuple[str, str] | None
) -> None:
    job_id = queue.put(age=59)
    queue.spoil(job_id, "Status", status)
    if task is None:
        queue.rows.run('DELETE FROM "BackgroundTasks"')
    else:
        queue.rows.run('UPDATE "BackgroundTasks" SET "Name" = ?, "Status" = ?', *task)
        queue.clock.advance(timedelta(hours=1))
    before = [queue.rows.run(f'SELECT * FROM "{table}"') for table in ("ExportJobs", "BackgroundTasks")]
    assert queue.claimed() is None
    assert queue.recover() == Recovery()
    assert [queue.rows.run(f'SELECT * FROM "{table}"') for table in ("ExportJobs", "BackgroundTasks")] == before


@pytest.mark.parametrize("status", ["Enqueued", "Processing", "COMPLETE", "Error"])
def test_export_whose_tasks_status_is_spelled_in_other_letters_is_shown(queue: Queue, status: str) -> None:
    job_id = queue.put(age=1)
    queue.rows.run('UPDATE "BackgroundTasks" SET "Status" = ?', status)
    with queue.unit_of_work() as work:
        job = work.jobs.find(job_id)
    assert job is not None
    assert job.background_task is not None
    assert job.background_task.status == status.lower()
