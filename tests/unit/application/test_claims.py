from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NOW, HelpDesk, once, raising
from ticket_export.application.actor_facts import rights_digest
from ticket_export.application.run.export_task import TASK_NAME, task_args
from ticket_export.errors import (
    ExportNotFoundError,
    InvalidTransitionError,
    JobDatabaseError,
    LeaseLostError,
    UnknownDeveloperNameError,
)
from ticket_export.ports import BackgroundTask


@pytest.fixture
def desk() -> HelpDesk:
    return HelpDesk()


def test_claim_takes_the_task_and_starts_the_job(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    attempt = desk.claims.claim(job_id)
    job, task = desk.job(job_id), desk.task(job_id)
    assert (attempt.job.id, attempt.token, attempt.began_at) == (job_id, 1, NOW)
    assert (job.status.developer_name, job.progress_stage, job.progress_percent) == ("running", "Counting", 0)
    assert (task.status, task.leased_by, task.leased_until) == ("processing", "worker", NOW + desk.lease)


def test_what_cannot_be_claimed_is_not_changed(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    with pytest.raises(ExportNotFoundError):
        desk.claims.claim(uuid4())
    desk.claims.claim(job_id)
    before = desk.database.committed
    desk.clock.advance(desk.lease * 10)  # its time is over, but that is for recovery to say
    with pytest.raises(InvalidTransitionError):
        desk.claims.claim(job_id)
    assert desk.database.committed == before


def test_queued_job_whose_task_is_not_waiting_is_not_claimed(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    desk.take_over(job_id)
    before = desk.database.committed
    with pytest.raises(InvalidTransitionError, match="is processing and cannot be claimed"):
        desk.claims.claim(job_id)
    assert desk.database.committed == before


def test_next_is_the_one_that_has_waited_longest(desk: HelpDesk) -> None:
    asked = []
    for _ in range(3):
        asked.append(desk.requested().id)
        desk.clock.advance(timedelta(seconds=1))
    # The rows may lie in whatever order.
    tasks = desk.database.committed.tasks
    for task_id in reversed(list(tasks)):
        tasks[task_id] = tasks.pop(task_id)
    claimed = [desk.claims.claim_next() for _ in range(4)]
    assert [attempt and attempt.job.id for attempt in claimed] == [*asked, None]
    assert {desk.job(job_id).status.developer_name for job_id in asked} == {"running"}


def test_next_of_an_empty_queue_is_none_and_nothing_is_locked(desk: HelpDesk) -> None:
    assert desk.claims.claim_next() is None
    assert not desk.database.write_lock.locked()


def test_tasks_of_the_host_are_left_alone(desk: HelpDesk) -> None:
    task = BackgroundTask(name="host.send_mail", creation_time=NOW, args=task_args(uuid4()))
    desk.database.committed.tasks[task.id] = attrs.evolve(task)
    assert desk.claims.claim_next() is None
    assert desk.database.committed.tasks == {task.id: task}


#: Of another program that has chosen the same name.
FOREIGN_ARGS = [
    "{}",
    "",
    "null",
    "[]",
    "{",
    '"exportJobId"',
    '{"exportJobId": null}',
    '{"exportJobId": 7}',
    '{"exportJobId": []}',
    '{"exportJobId": "nobody"}',
    '{"reportId": "00000000-0000-0000-0000-000000000007"}',
]
MINUTE, MOMENT = timedelta(minutes=1), timedelta(microseconds=1)


@pytest.mark.parametrize("args", FOREIGN_ARGS)
def test_task_of_our_name_whose_arguments_are_not_ours_is_left_alone_and_the_next_is_claimed(
    desk: HelpDesk, args: str
) -> None:
    foreign = [BackgroundTask(name=TASK_NAME, creation_time=NOW - n * MINUTE, args=args) for n in range(1, 4)]
    desk.database.committed.tasks.update({each.id: each for each in foreign})
    before = [attrs.evolve(each) for each in foreign]
    job_id = desk.requested().id
    attempt = desk.claims.claim_next()
    assert attempt is not None
    assert attempt.job.id == job_id
    assert desk.claims.claim_next() is None
    assert [desk.database.committed.tasks[each.id] for each in foreign] == before


@pytest.mark.parametrize("job", ["not there yet", "without its task yet"])
def test_task_younger_than_a_minute_whose_job_comes_later_is_left_alone(desk: HelpDesk, job: str) -> None:
    waiting = desk.requested().id
    stored = desk.job(waiting)
    task = desk.task(waiting)
    if job == "not there yet":
        del desk.database.committed.jobs[waiting]
    else:
        desk.change(attrs.evolve(stored, background_task_id=None))
    desk.clock.advance(MINUTE - MOMENT)
    assert desk.claims.claim_next() is None
    assert desk.database.committed.tasks[task.id] == task
    desk.change(stored)
    attempt = desk.claims.claim_next()
    assert attempt is not None
    assert attempt.job.id == waiting


def test_task_for_no_export_is_given_up_and_the_next_is_claimed(
    desk: HelpDesk, caplog: pytest.LogCaptureFixture
) -> None:
    lost = BackgroundTask(name=TASK_NAME, creation_time=NOW - MINUTE, args=task_args(UUID(int=7)))
    desk.database.committed.tasks[lost.id] = lost
    job_id = desk.requested().id
    attempt = desk.claims.claim_next()
    assert attempt is not None
    assert attempt.job.id == job_id
    stored = desk.database.committed.tasks[lost.id]
    assert (stored.status, stored.error_message) == ("error", "No queued export has this task.")
    assert str(lost.id) in caplog.text


def test_task_for_no_export_is_given_up_even_if_nothing_else_waits(desk: HelpDesk) -> None:
    lost = BackgroundTask(name=TASK_NAME, creation_time=NOW - MINUTE, args=task_args(UUID(int=7)))
    desk.database.committed.tasks[lost.id] = lost
    assert desk.claims.claim_next() is None
    assert desk.database.committed.tasks[lost.id].status == "error"
    assert desk.claims.claim_next() is None


def _failed(desk: HelpDesk, job_id: UUID) -> None:
    job = attrs.evolve(desk.job(job_id))
    job.fail("Cancelled", NOW)
    desk.change(job)


def _running(desk: HelpDesk, job_id: UUID) -> None:
    job = attrs.evolve(desk.job(job_id))
    job.start(NOW)
    desk.change(job)


def _with_another_task(desk: HelpDesk, job_id: UUID) -> None:
    desk.change(attrs.evolve(desk.job(job_id), background_task_id=None))


def _cleaned_up(desk: HelpDesk, job_id: UUID) -> None:
    desk.change(attrs.evolve(desk.job(job_id), is_cleaned_up=True))


@pytest.mark.parametrize("state", [_failed, _running, _with_another_task, _cleaned_up])
def test_task_whose_job_does_not_wait_for_it_is_given_up(
    desk: HelpDesk, state: Callable[[HelpDesk, UUID], None]
) -> None:
    job_id = desk.requested().id
    task = desk.task(job_id)
    state(desk, job_id)
    before = desk.job(job_id)
    desk.clock.advance(MINUTE)
    assert desk.claims.claim_next() is None
    assert desk.job(job_id) == before
    assert desk.database.committed.tasks[task.id].status == "error"


@pytest.mark.parametrize(
    "error", [UnknownDeveloperNameError("export job status", "?", ["queued"]), ValueError("no time"), TypeError("None")]
)
def test_export_that_cannot_be_read_is_set_aside_and_the_next_is_claimed(
    desk: HelpDesk, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    poisoned = desk.requested().id
    desk.clock.advance(MINUTE)
    behind = desk.requested().id
    desk.happen["jobs.found"] = once(raising(error))
    attempt = desk.claims.claim_next()
    assert attempt is not None
    assert attempt.job.id == behind
    assert desk.task(poisoned).status == "error"
    assert f"export {poisoned} cannot be read" in caplog.text
    assert desk.claims.claim_next() is None


def test_job_whose_task_is_of_another_program_is_not_run(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    foreign = attrs.evolve(desk.task(job_id), name="ExportTickets")
    desk.change(desk.job(job_id), foreign)
    before = desk.database.committed
    with pytest.raises(InvalidTransitionError, match="no background task of this library"):
        desk.claims.claim(job_id)
    assert desk.claims.claim_next() is None
    assert desk.database.committed == before


def test_database_that_is_away_sets_nothing_aside(desk: HelpDesk) -> None:
    desk.requested()
    before = desk.database.committed
    desk.happen["jobs.found"] = once(raising(JobDatabaseError("the database cannot be reached")))
    with pytest.raises(JobDatabaseError):
        desk.claims.claim_next()
    assert desk.database.committed == before
    assert desk.claims.claim_next() is not None


def test_job_that_was_cancelled_at_the_last_moment_stays_as_it_is(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    before = desk.database.committed
    desk.happen["work.running"] = raising(LeaseLostError(f"export {job_id} is no longer queued"))
    with pytest.raises(LeaseLostError):
        desk.claims.claim_next()
    assert desk.database.committed == before
    del desk.happen["work.running"]
    assert desk.claims.claim_next() is not None


def test_args_of_a_task_name_its_job(desk: HelpDesk) -> None:
    actor = desk.user()
    job_id = desk.requested(actor).id
    assert json.loads(desk.task(job_id).args) == {"exportJobId": str(job_id), "rights": rights_digest(actor)}
