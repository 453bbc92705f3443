from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import attrs
import pytest

from tests.unit.domain.moments import ELSEWHERE, LATER, NAIVE, NOW
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.errors import InvalidTransitionError

LEASE = timedelta(seconds=30)
Behaviour = Callable[[BackgroundTask, datetime], object]


def enqueued() -> BackgroundTask:
    return BackgroundTask(name="export", creation_time=NOW)


def leased() -> BackgroundTask:
    """Held by "first" until 10 seconds after LATER."""
    task = enqueued()
    task.claim(LATER - timedelta(seconds=20), worker="first", lease=LEASE)
    return task


def run_out() -> BackgroundTask:
    """Held by "first" until just the moment of LATER."""
    task = enqueued()
    task.claim(LATER - LEASE, worker="first", lease=LEASE)
    return task


def complete() -> BackgroundTask:
    task = leased()
    task.complete(LATER)
    return task


def error() -> BackgroundTask:
    task = leased()
    task.fail("no space left", LATER)
    return task


STATES: list[Callable[[], BackgroundTask]] = [enqueued, leased, run_out, complete, error]
BEHAVIOURS: dict[str, Behaviour] = {
    "claim": lambda task, now: task.claim(now, worker="second", lease=LEASE),
    "renew": lambda task, now: task.renew(now, lease=LEASE, info="Exporting", percent=40),
    "complete": lambda task, now: task.complete(now),
    "fail": lambda task, now: task.fail("no", now),
}
ALLOWED = {
    "claim": {enqueued, run_out},
    # A worker whose lease ran out unclaimed may go on: only the next claim takes the task from it.
    "renew": {leased, run_out},
    "complete": {leased, run_out},
    "fail": {enqueued, leased, run_out},
}


def test_fields_and_defaults_are_those_of_the_reference_table() -> None:
    task = enqueued()
    assert attrs.asdict(task) == {
        "id": task.id,
        "name": "export",
        "args": "{}",
        "status": "enqueued",
        "status_info": None,
        "percent_complete": 0,
        "number_of_retries": 0,
        "error_message": None,
        "creation_time": NOW,
        "last_modification_time": None,
        "completion_time": None,
        "task_step": 0,
        "fencing_token": 0,
        "leased_by": None,
        "leased_until": None,
    }


def test_statuses_are_those_of_the_reference_table() -> None:
    assert list(BackgroundTaskStatus) == ["enqueued", "processing", "complete", "error"]


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_lifecycle_allows_just_these_steps(state: Callable[[], BackgroundTask], behaviour: str) -> None:
    task = state()
    before = attrs.evolve(task)
    if state in ALLOWED[behaviour]:
        BEHAVIOURS[behaviour](task, LATER)
        assert task.last_modification_time == LATER
        assert task != before
    else:
        with pytest.raises(InvalidTransitionError, match=f"task {task.id} is {task.status} and cannot be"):
            BEHAVIOURS[behaviour](task, LATER)
        assert task == before


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("state", [enqueued, leased], ids=lambda state: state.__name__)
@pytest.mark.parametrize("moment", [NAIVE, ELSEWHERE], ids=["naive", "one hour east"])
def test_a_time_that_is_not_utc_changes_nothing(
    state: Callable[[], BackgroundTask], behaviour: str, moment: datetime
) -> None:
    task = state()
    before = attrs.evolve(task)
    with pytest.raises((ValueError, TypeError)):
        BEHAVIOURS[behaviour](task, moment)
    assert task == before


@pytest.mark.parametrize("field", ["creation_time", "last_modification_time", "completion_time", "leased_until"])
def test_times_are_aware_utc(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} must be an aware datetime in UTC"):
        setattr(enqueued(), field, NAIVE)


def test_claim_takes_the_task_until_the_lease_ends() -> None:
    task = enqueued()
    assert task.claim(LATER, worker="host-1", lease=LEASE) == 1
    assert (task.status, task.leased_by, task.leased_until) == ("processing", "host-1", LATER + LEASE)
    assert task.is_leased_at(LATER)
    assert task.is_leased_at(LATER + LEASE - timedelta(microseconds=1))
    assert not task.is_leased_at(LATER + LEASE)


def test_a_task_nobody_claimed_is_not_leased() -> None:
    assert not enqueued().is_leased_at(NOW)


def test_every_claim_raises_the_fencing_token_by_one_and_every_but_the_first_is_a_retry() -> None:
    task = enqueued()
    claims = []
    for attempt in range(4):
        now = NOW + attempt * LEASE
        claims.append((task.claim(now, worker=f"worker-{attempt}", lease=LEASE), task.number_of_retries))
        assert task.leased_by == f"worker-{attempt}"
    assert claims == [(1, 0), (2, 1), (3, 2), (4, 3)]


def test_renewing_prolongs_the_lease_and_notes_how_far_the_work_is() -> None:
    task = leased()
    task.renew(LATER, lease=LEASE, info="Exporting", percent=40)
    assert (task.status, task.leased_by, task.fencing_token) == ("processing", "first", 1)
    assert (task.leased_until, task.status_info, task.percent_complete) == (LATER + LEASE, "Exporting", 40)


def test_a_complete_task_is_at_100_percent_and_free_of_its_lease() -> None:
    task = complete()
    assert (task.status, task.percent_complete, task.error_message) == ("complete", 100, None)
    assert (task.completion_time, task.leased_by, task.leased_until) == (LATER, None, None)


def test_a_failed_task_keeps_its_message_and_loses_its_lease() -> None:
    task = error()
    assert (task.status, task.percent_complete, task.error_message) == ("error", 0, "no space left")
    assert (task.completion_time, task.leased_by, task.leased_until) == (LATER, None, None)
