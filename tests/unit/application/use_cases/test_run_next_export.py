from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from errno import EMFILE
from itertools import takewhile
from operator import attrgetter
from threading import Barrier
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.blocked_export import block_count
from tests.unit.application.use_cases.help_desk import HelpDesk, raising
from ticket_export import Actor, StopSignal
from ticket_export.application.run.progress import Progress
from ticket_export.application.run.run_outcome import RunResult
from ticket_export.application.use_cases.run_next_export import RunNextExport
from ticket_export.errors import JobDatabaseError, LeaseLostError, StorageError, WorkerShortageError


def test_exports_are_run_in_the_order_of_their_requests(desk: HelpDesk) -> None:
    asked = []
    for _ in range(3):
        asked.append(desk.requested().id)
        desk.clock.advance(timedelta(seconds=1))
    run = [desk.run_next_export() for _ in range(4)]
    assert [(each.result, each.job_id) for each in run] == [
        *((RunResult.COMPLETED, job_id) for job_id in asked),
        (RunResult.NOTHING, None),
    ]
    assert [each.job and (each.job.id, each.job.status) for each in run] == [
        *((job_id, "completed") for job_id in asked),
        None,
    ]


def test_outcome_has_the_export_that_failed(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    desk.happen["storage.publish"] = raising(StorageError("the storage refuses access"))
    outcome = desk.run_next_export()
    assert (outcome.result, outcome.job_id, outcome.error) == (RunResult.FAILED, job_id, None)
    assert outcome.job is not None
    assert outcome.job.error_message is not None


def test_export_that_is_cancelled_before_it_is_claimed_is_left(desk: HelpDesk) -> None:
    actor = desk.user()
    job_id = desk.requested(actor).id
    desk.happen["work.running"] = raising(LeaseLostError("cancelled meanwhile"))
    outcome = desk.run_next_export()
    assert (outcome.result, outcome.job_id, outcome.job, str(outcome.error)) == (
        RunResult.LEFT,
        None,
        None,
        "cancelled meanwhile",
    )
    assert desk.job(job_id).status.developer_name == "queued"


def test_worker_that_lacks_something_is_told_that_its_attempt_is_lost(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    desk.happen["users.find"] = raising(OSError(EMFILE, "too many open files"))
    outcome = desk.run_next_export()
    assert (outcome.result, outcome.job_id, type(outcome.error)) == (RunResult.LOST, job_id, WorkerShortageError)


def test_listener_hears_of_the_progress(desk: HelpDesk) -> None:
    desk.requested()
    heard: list[Progress] = []
    desk.run_next_export(on_progress=heard.append)
    assert [each.stage for each in heard] == ["Counting", "Uploading"]


def test_signal_to_stop_reaches_the_export(desk: HelpDesk) -> None:
    job_id, stop = desk.requested().id, StopSignal()
    block_count(desk, meanwhile=stop.give)
    outcome = desk.run_next_export(stop=stop)
    assert (outcome.result, outcome.job_id, outcome.job) == (RunResult.HANDED_BACK, job_id, None)
    assert desk.job(job_id).status.developer_name == "queued"


def test_queue_hears_of_an_export_that_is_handed_back_once_it_is_committed(desk: HelpDesk) -> None:
    job_id, stop = desk.requested().id, StopSignal()
    block_count(desk, meanwhile=stop.give)
    desk.queue.dispatched.clear()
    stored: list[str] = []
    desk.happen["queue.dispatch"] = lambda: stored.append(desk.task(job_id).status)
    outcome = desk.run_next_export(stop=stop)
    assert (outcome.result, outcome.job_id, outcome.job) == (RunResult.HANDED_BACK, job_id, None)
    assert desk.queue.dispatched == [desk.task(job_id)]
    assert stored == ["enqueued"]


def test_queue_that_refuses_an_export_does_not_keep_it_from_being_handed_back(
    desk: HelpDesk, caplog: pytest.LogCaptureFixture
) -> None:
    job_id, stop = desk.requested().id, StopSignal()
    interrupted = block_count(desk, meanwhile=stop.give)
    desk.happen["queue.dispatch"] = raising(ConnectionError("the broker is gone"))
    outcome = desk.run_next_export(stop=stop)
    assert (outcome.result, outcome.job_id, outcome.job) == (RunResult.HANDED_BACK, job_id, None)
    assert "is back in the queue" in str(outcome.error)
    assert interrupted.is_set()
    assert desk.job(job_id).status.developer_name == "queued"
    assert "could not be dispatched" in caplog.text


def test_queue_hears_nothing_of_an_export_that_was_cancelled(desk: HelpDesk) -> None:
    actor, stop = desk.user(), StopSignal()
    job_id = desk.requested(actor).id
    desk.queue.dispatched.clear()

    def cancel_and_stop() -> None:
        desk.cancel_export(actor, job_id)
        stop.give()

    block_count(desk, meanwhile=cancel_and_stop)
    outcome = desk.run_next_export(stop=stop)
    assert (outcome.result, outcome.job_id, outcome.job) == (RunResult.LEFT, job_id, None)
    assert "was cancelled" in str(outcome.error)
    assert desk.queue.dispatched == []


def test_many_workers_at_once_run_each_export_once(desk: HelpDesk) -> None:
    asked = {desk.requested().id for _ in range(24)}
    together = Barrier(4, timeout=30)

    def work(_number: int) -> list[object]:
        together.wait(60)
        return [outcome.job_id for outcome in takewhile(attrgetter("job"), iter(desk.run_next_export, None))]

    with ThreadPoolExecutor(4) as workers:
        run = [job_id for jobs in workers.map(work, range(4)) for job_id in jobs]
    assert len(run) == len(asked)
    assert set(run) == asked
    assert all(desk.audited(job_id) == ["requested", "started", "completed"] for job_id in asked)
    assert len(desk.files) == len(asked)


def limited(desk: HelpDesk) -> RunNextExport:
    """For workers that run one export of a user at a time."""
    return attrs.evolve(desk.run_next_export, claims=attrs.evolve(desk.claims, max_running_per_user=1))


def two_of_one_user(desk: HelpDesk) -> tuple[Actor, UUID, UUID]:
    actor, job_ids = desk.user(), []
    for number in range(2):
        job_ids.append(desk.requested(actor, number=number).id)
        desk.clock.advance(timedelta(seconds=1))
    desk.queue.dispatched.clear()
    return actor, job_ids[0], job_ids[1]


def test_export_that_had_to_wait_for_another_one_of_its_user_is_dispatched_at_the_end_of_that_one(
    desk: HelpDesk,
) -> None:
    _, first, second = two_of_one_user(desk)
    run_next_export, came_to = limited(desk), []
    # The second message comes while the first export is running.
    desk.happen["source.count"] = lambda: came_to.append(run_next_export().result)
    outcome = run_next_export()
    assert came_to == [RunResult.NOTHING]
    assert (outcome.result, outcome.job_id) == (RunResult.COMPLETED, first)
    assert desk.queue.dispatched == [desk.task(second)]
    del desk.happen["source.count"]
    assert run_next_export().job_id == second
    assert len(desk.queue.dispatched) == 1


def test_export_that_had_to_wait_is_dispatched_too_if_the_other_one_is_cancelled(desk: HelpDesk) -> None:
    actor, first, second = two_of_one_user(desk)
    desk.happen["source.count"] = lambda: desk.cancel_export(actor, first)
    assert limited(desk)().result == RunResult.LEFT
    assert desk.queue.dispatched == [desk.task(second)]


def test_database_that_fails_after_the_end_of_an_export_does_not_hide_it(desk: HelpDesk) -> None:
    _, first, second = two_of_one_user(desk)
    away = {"work.enter": raising(JobDatabaseError("the database is away"))}
    desk.happen["events.completed"] = lambda: desk.happen.update(away)
    outcome = limited(desk)()
    del desk.happen["work.enter"]
    assert (outcome.result, outcome.job_id) == (RunResult.COMPLETED, first)
    assert desk.job(second).status.developer_name == "queued"


def test_no_other_export_is_dispatched_without_a_limit(desk: HelpDesk) -> None:
    two_of_one_user(desk)
    desk.run_next_export()
    assert desk.queue.dispatched == []
