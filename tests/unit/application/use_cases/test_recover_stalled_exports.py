from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NOW, HelpDesk, once, raising
from ticket_export.application.run.export_task import TASK_NAME, task_args
from ticket_export.application.use_cases.recover_stalled_exports import Recovery
from ticket_export.errors import LeaseLostError
from ticket_export.ports import BackgroundTask, BackgroundTaskStatus

MOMENT, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)


@pytest.fixture
def job_id(desk: HelpDesk) -> UUID:
    """A running export whose worker has vanished; its lease has just ended."""
    return lost(desk)


def lost(desk: HelpDesk) -> UUID:
    desk.clock.set(NOW)
    job_id = desk.requested().id
    desk.claims.claim(job_id)
    desk.clock.advance(desk.lease)
    desk.queue.dispatched.clear()
    return job_id


def test_running_export_is_left_alone_until_its_lease_ends(desk: HelpDesk, job_id: UUID) -> None:
    desk.clock.advance(-MOMENT)
    before = desk.database.committed
    assert desk.recover_stalled_exports() == Recovery()
    assert desk.database.committed == before
    desk.clock.advance(MOMENT)
    assert desk.recover_stalled_exports() == Recovery(requeued=1)


def test_lost_export_waits_again_and_the_attempt_counts(
    desk: HelpDesk, job_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    desk.recover_stalled_exports()
    job, task = desk.job(job_id), desk.task(job_id)
    assert (job.status.developer_name, job.progress_stage, job.progress_percent) == ("queued", "Queued", None)
    assert (task.status, task.number_of_retries, task.leased_by, task.leased_until) == ("enqueued", 1, None, None)
    assert desk.queue.dispatched == [task]
    assert caplog.messages == [f"export {job_id} was lost by worker in attempt 1 and is queued now"]
    assert vars(caplog.records[0])["job_id"] == str(job_id)
    assert desk.run_export(job_id).status == "completed"
    assert desk.task(job_id).fencing_token == 2


def test_queued_export_that_says_it_is_cleaned_up_is_in_nobodys_way(desk: HelpDesk) -> None:
    spoilt = desk.requested().id
    desk.change(attrs.evolve(desk.job(spoilt), is_cleaned_up=True))
    desk.clock.advance(timedelta(seconds=1))
    forsaken = desk.requested().id
    desk.change(attrs.evolve(desk.job(forsaken), background_task_id=None))
    desk.clock.advance(MINUTE)
    assert desk.claims.claim_next() is None  # which ends the task of the one that is spoilt
    entered: list[None] = []
    desk.happen["work.enter"] = lambda: entered.append(None)
    assert desk.recover_stalled_exports() == Recovery(given_up=1)
    assert (desk.job(spoilt).status.developer_name, desk.job(forsaken).status.developer_name) == ("queued", "failed")
    # One look for each of the two kinds of lost exports that finds nothing, and the one that was given up.
    assert len(entered) == 3


def test_export_is_dispatched_after_the_commit(desk: HelpDesk, job_id: UUID) -> None:
    seen: list[str] = []
    desk.happen["queue.dispatch"] = lambda: seen.append(desk.task(job_id).status)
    desk.recover_stalled_exports()
    assert seen == ["enqueued"]


def test_queue_that_fails_ends_no_recovery(desk: HelpDesk) -> None:
    jobs = [lost(desk) for _ in range(2)]
    desk.happen["queue.dispatch"] = raising(ConnectionError("the broker is gone"))
    assert desk.recover_stalled_exports() == Recovery(requeued=2)
    assert [desk.task(each).status for each in jobs] == ["enqueued"] * 2


@pytest.mark.parametrize("most", [1, 2, 3])
def test_export_is_given_up_after_the_most_attempts(most: int) -> None:
    desk = HelpDesk(max_attempts=most)
    job_id = lost(desk)
    for _ in range(most - 1):
        assert desk.recover_stalled_exports() == Recovery(requeued=1)
        desk.claims.claim(job_id)
        desk.clock.advance(desk.lease)
    desk.queue.dispatched.clear()
    assert desk.recover_stalled_exports() == Recovery(given_up=1)
    job, task = desk.job(job_id), desk.task(job_id)
    message = f"The export was given up; attempts that ended without a heartbeat: {most}."
    assert (job.status.developer_name, job.error_message, job.completed_at) == ("failed", message, desk.clock.now())
    assert (task.status, task.error_message, task.leased_by) == ("error", message, None)
    assert desk.queue.dispatched == []
    assert desk.announced(job_id) == ["failed"]
    entry = desk.audit_log.entries[-1]
    assert (entry.action, entry.job_id, entry.at, entry.detail) == ("failed", job_id, desk.clock.now(), message)
    assert desk.recover_stalled_exports() == Recovery()
    assert desk.audited(job_id) == ["requested", "failed"]


def test_attempts_that_were_handed_back_do_not_count(desk: HelpDesk) -> None:
    desk.max_attempts = 1
    job_id = desk.requested().id
    for _ in range(5):
        desk.claims.claim(job_id).hand_back()
    assert desk.recover_stalled_exports() == Recovery()
    assert desk.run_export(job_id).status == "completed"


def task_without_a_job(desk: HelpDesk, job_id: UUID) -> UUID:
    task = BackgroundTask(name=TASK_NAME, creation_time=NOW, args=task_args(UUID(int=7)))
    task.claim(NOW, worker="worker", lease=desk.lease)
    desk.database.committed.tasks[task.id] = task
    return task.id


def task_whose_job_is_gone(desk: HelpDesk, job_id: UUID) -> UUID:
    task = desk.task(job_id)
    del desk.database.committed.jobs[job_id]
    return task.id


def task_whose_job_has_ended(desk: HelpDesk, job_id: UUID) -> UUID:
    job = attrs.evolve(desk.job(job_id))
    job.fail("Cancelled", NOW)
    desk.change(job)
    return desk.task(job_id).id


def task_whose_job_has_another(desk: HelpDesk, job_id: UUID) -> UUID:
    own = desk.task(job_id)
    other = BackgroundTask(name=TASK_NAME, creation_time=NOW, args=task_args(job_id))
    desk.change(attrs.evolve(desk.job(job_id), background_task_id=other.id), other)
    return own.id


@pytest.mark.parametrize(
    "situation",
    [task_without_a_job, task_whose_job_is_gone, task_whose_job_has_ended, task_whose_job_has_another],
)
def test_lapsed_task_of_no_running_export_is_ended_and_no_job_changes(
    desk: HelpDesk, job_id: UUID, situation: Callable[[HelpDesk, UUID], UUID]
) -> None:
    task_id = situation(desk, job_id)
    others = {lost(desk), lost(desk)}
    mine = desk.database.committed.jobs.get(job_id)
    desk.clock.advance(MINUTE)
    # One that is lost behind it is recovered all the same.
    assert desk.recover_stalled_exports().requeued >= len(others)
    task = desk.database.committed.tasks[task_id]
    assert (task.status, task.error_message) == ("error", "No running export has this task.")
    if situation is not task_without_a_job:
        assert desk.database.committed.jobs.get(job_id) == mine


def test_lapsed_task_of_no_running_export_is_ended_even_if_nothing_else_is_lost(desk: HelpDesk) -> None:
    task_id = task_without_a_job(desk, lost(desk))
    desk.clock.advance(MINUTE)
    desk.recover_stalled_exports()
    assert desk.database.committed.tasks[task_id].status == "error"
    other = task_without_a_job(desk, lost(desk))
    desk.database.committed.jobs.clear()
    desk.clock.advance(MINUTE)
    assert desk.recover_stalled_exports() == Recovery()
    assert desk.database.committed.tasks[other].status == "error"


def task_deleted(desk: HelpDesk, job_id: UUID) -> None:
    del desk.database.committed.tasks[desk.task(job_id).id]
    desk.change(attrs.evolve(desk.job(job_id), background_task_id=None))


def task_failed(desk: HelpDesk, job_id: UUID) -> None:
    task = attrs.evolve(desk.task(job_id))
    task.fail("The host stopped it.", NOW)
    desk.change(desk.job(job_id), task)


def task_completed(desk: HelpDesk, job_id: UUID) -> None:
    task = attrs.evolve(desk.task(job_id), status=BackgroundTaskStatus.COMPLETE, leased_until=None)
    desk.change(desk.job(job_id), task)


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("ending", [task_deleted, task_failed, task_completed])
def test_active_export_whose_task_is_gone_fails(
    desk: HelpDesk, ending: Callable[[HelpDesk, UUID], None], running: bool
) -> None:
    job_id, waiting = desk.requested().id, desk.requested().id
    if running:
        desk.claims.claim(job_id)
    ending(desk, job_id)
    if ending is task_deleted:
        desk.clock.advance(MINUTE)
    assert desk.recover_stalled_exports() == Recovery(given_up=1)
    job = desk.job(job_id)
    message = "The export was given up: its background task ended without it."
    assert (job.status.developer_name, job.error_message) == ("failed", message)
    assert (desk.audited(job_id), desk.announced(job_id)) == (["requested", "failed"], ["failed"])
    assert desk.job(waiting).status.developer_name == "queued"


def test_all_that_is_lost_is_recovered_at_once(desk: HelpDesk) -> None:
    jobs = [lost(desk) for _ in range(7)]
    gone = [desk.requested().id for _ in range(3)]
    for each in gone:
        task_deleted(desk, each)
    desk.clock.advance(MINUTE)
    assert desk.recover_stalled_exports() == Recovery(requeued=7, given_up=3)
    assert [desk.job(each).status.developer_name for each in jobs] == ["queued"] * 7
    assert [desk.job(each).status.developer_name for each in gone] == ["failed"] * 3


@pytest.mark.parametrize("most", [1, 3])
def test_two_recoveries_at_once_are_one(most: int) -> None:
    desk = HelpDesk(max_attempts=most)
    job_id = lost(desk)
    answers: list[Recovery] = []
    # The one asks for the tasks, and the other is through before it has begun to write.
    desk.happen["work.enter"] = once(lambda: answers.append(desk.recover_stalled_exports()))
    answers.append(desk.recover_stalled_exports())
    assert min(answers, key=lambda each: each.requeued + each.given_up) == Recovery()
    assert sum(each.requeued + each.given_up for each in answers) == 1
    assert desk.audited(job_id).count("failed") == (most == 1)
    assert desk.task(job_id).number_of_retries == (most > 1)


@pytest.mark.parametrize("place", ["work.queued", "work.failed"])
def test_export_that_somebody_else_changed_meanwhile_is_passed_over(desk: HelpDesk, place: str) -> None:
    jobs = [lost(desk) for _ in range(2)]
    if place == "work.failed":
        for each in jobs:
            task_deleted(desk, each)
        desk.clock.advance(MINUTE)
    desk.happen[place] = once(raising(LeaseLostError("another was faster")))
    recovery = desk.recover_stalled_exports()
    assert recovery.requeued + recovery.given_up == 2
    assert sum(len(desk.announced(each)) for each in jobs) == recovery.given_up


def test_recovery_does_not_go_on_for_ever(desk: HelpDesk, job_id: UUID) -> None:
    desk.happen["work.queued"] = raising(LeaseLostError("another was faster"))
    before = desk.database.committed
    assert desk.recover_stalled_exports() == Recovery()
    assert desk.database.committed == before


@pytest.mark.parametrize("place", ["audit.failed", "events.failed"])
def test_failure_that_cannot_be_told_is_one(
    desk: HelpDesk, job_id: UUID, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.max_attempts = 1
    desk.use_own_audit_log()
    desk.happen[place] = raising(ConnectionError("nobody listens"))
    assert desk.recover_stalled_exports() == Recovery(given_up=1)
    assert "nobody listens" in caplog.text


def test_worker_that_wakes_up_after_the_recovery_changes_nothing(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    sleeper = desk.claims.claim(job_id)
    desk.clock.advance(desk.lease)
    desk.recover_stalled_exports()
    before = desk.database.committed
    with pytest.raises(LeaseLostError):
        sleeper.hand_back()
    with pytest.raises(LeaseLostError):
        sleeper.fail("no")
    assert desk.database.committed == before


def test_job_younger_than_a_minute_whose_task_is_not_there_yet_is_left_alone(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    stored, task = desk.job(job_id), desk.task(job_id)
    del desk.database.committed.tasks[task.id]
    desk.change(attrs.evolve(stored, background_task_id=None))
    before = desk.database.committed
    desk.clock.advance(MINUTE - MOMENT)
    assert desk.recover_stalled_exports() == Recovery()
    assert desk.database.committed == before
    desk.change(stored, task)
    assert desk.recover_stalled_exports() == Recovery()
    assert desk.run_export(job_id).status == "completed"


@pytest.mark.parametrize("moment", ["requested_at", "creation_time", "last_modification_time"])
def test_age_of_a_job_is_that_of_what_happened_to_it_last(desk: HelpDesk, moment: str) -> None:
    job_id = desk.requested().id
    desk.change(attrs.evolve(desk.job(job_id), background_task_id=None))
    desk.clock.advance(MINUTE)
    young = attrs.evolve(desk.job(job_id))
    setattr(young, moment, desk.clock.now() - MINUTE + MOMENT)
    desk.change(young)
    assert desk.recover_stalled_exports() == Recovery()
    assert desk.job(job_id) == young
    desk.clock.advance(MOMENT)
    assert desk.recover_stalled_exports() == Recovery(given_up=1)


def _renamed(desk: HelpDesk, job_id: UUID) -> None:
    desk.change(desk.job(job_id), attrs.evolve(desk.task(job_id), name="ExportTickets"))


def _with_other_args(desk: HelpDesk, job_id: UUID) -> None:
    desk.change(desk.job(job_id), attrs.evolve(desk.task(job_id), args='{"viewId": 7}'))


def _in_work_without_a_lease(desk: HelpDesk, job_id: UUID) -> None:
    now = desk.clock.now()
    task = attrs.evolve(desk.task(job_id), leased_by=None, leased_until=None, last_modification_time=now)
    desk.change(desk.job(job_id), task)


def _written_just_now_for_a_job_that_comes(desk: HelpDesk, job_id: UUID) -> None:
    now = desk.clock.now()
    desk.change(desk.job(job_id), attrs.evolve(desk.task(job_id), creation_time=now, last_modification_time=None))
    del desk.database.committed.jobs[job_id]


@pytest.mark.parametrize(
    "foreign", [_renamed, _with_other_args, _in_work_without_a_lease, _written_just_now_for_a_job_that_comes]
)
def test_lapsed_task_of_another_program_is_left_alone_and_what_is_lost_behind_it_is_recovered(
    desk: HelpDesk, job_id: UUID, foreign: Callable[[HelpDesk, UUID], None]
) -> None:
    foreign(desk, job_id)
    before = desk.database.committed.copy()
    behind = lost(desk)
    desk.change(desk.job(behind), attrs.evolve(desk.task(behind), leased_until=desk.clock.now()))
    assert desk.recover_stalled_exports() == Recovery(requeued=1)
    after = desk.database.committed.copy()
    for rows in (after.jobs, after.tasks):
        rows.pop(behind, None)
    del after.tasks[next(iter(set(after.tasks) - set(before.tasks)))]
    assert after == before


def test_task_in_work_without_a_lease_is_recovered_once_a_minute_has_gone_by(desk: HelpDesk, job_id: UUID) -> None:
    _in_work_without_a_lease(desk, job_id)
    desk.clock.advance(MINUTE)
    assert desk.recover_stalled_exports() == Recovery(requeued=1)


def test_job_whose_ended_task_is_of_another_program_is_left_to_it(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    _renamed(desk, job_id)
    task_completed(desk, job_id)
    before = desk.database.committed
    desk.clock.advance(timedelta(hours=1))
    assert desk.recover_stalled_exports() == Recovery()
    assert desk.database.committed == before


def test_export_that_cannot_be_read_keeps_no_other_from_being_recovered(desk: HelpDesk) -> None:
    poisoned, other = lost(desk), lost(desk)
    desk.clock.advance(MINUTE)
    desk.happen["jobs.found"] = once(raising(ValueError("no time")))
    assert desk.recover_stalled_exports() == Recovery(requeued=1, given_up=1)
    assert sorted(desk.task(each).status for each in (poisoned, other)) == ["enqueued", "error"]
