from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def handed_back() -> BackgroundTask:
    task = leased()
    task.hand_back(NOW)
    return task


def recovered() -> BackgroundTask:
    task = run_out()
    task.recover(LATER)
    return task


State = Callable[[], BackgroundTask]
STATES: list[State] = [enqueued, leased, run_out, handed_back, recovered, complete, error]
WAITING: set[State] = {enqueued, handed_back, recovered}
IN_WORK: set[State] = {leased, run_out}
BEHAVIOURS: dict[str, Behaviour] = {
    "claim": lambda task, now: task.claim(now, worker="second", lease=LEASE),
    "renew": lambda task, now: task.renew(now, lease=LEASE, info="Exporting", percent=40),
    "hand_back": lambda task, now: task.hand_back(now),
    "end_lease": lambda task, now: task.end_lease(now),
    "recover": lambda task, now: task.recover(now),
    "complete": lambda task, now: task.complete(now),
    "fail": lambda task, now: task.fail("no", now),
}
# What each behaviour makes of the states that it is allowed in, at LATER.
ALLOWED: dict[str, tuple[set[State], str]] = {
    "claim": (WAITING, "processing"),
    # A worker whose lease ran out may go on until somebody recovers the task.
    "renew": (IN_WORK, "processing"),
    "hand_back": (IN_WORK, "enqueued"),
    "end_lease": (IN_WORK, "processing"),
    "recover": ({run_out}, "enqueued"),
    "complete": (IN_WORK, "complete"),
    "fail": (WAITING | IN_WORK, "error"),
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
        "share_key": None,
        "started_at": None,
    }


def test_statuses_are_those_of_the_reference_table() -> None:
    assert list(BackgroundTaskStatus) == ["enqueued", "processing", "complete", "error"]


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_lifecycle_allows_just_these_steps(state: State, behaviour: str) -> None:
    task = state()
    before = attrs.evolve(task)
    allowed, status = ALLOWED[behaviour]
    if state in allowed:
        BEHAVIOURS[behaviour](task, LATER)
        assert (task.status, task.last_modification_time) == (status, LATER)
        assert task != before
    else:
        with pytest.raises(InvalidTransitionError, match=f"task {task.id} is .* and cannot be"):
            BEHAVIOURS[behaviour](task, LATER)
        assert task == before


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("state", [enqueued, leased, run_out], ids=lambda state: state.__name__)
@pytest.mark.parametrize("moment", [NAIVE, ELSEWHERE], ids=["naive", "one hour east"])
def test_a_time_that_is_not_utc_changes_nothing(state: State, behaviour: str, moment: datetime) -> None:
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
    assert task.started_at == LATER
    assert task.is_leased_at(LATER)
    assert task.is_leased_at(LATER + LEASE - timedelta(microseconds=1))
    assert not task.is_leased_at(LATER + LEASE)


def test_a_task_nobody_claimed_is_not_leased() -> None:
    assert not enqueued().is_leased_at(NOW)


def test_every_claim_raises_the_fencing_token_by_one_and_counts_no_retry() -> None:
    task = enqueued()
    for attempt in range(1, 4):
        assert task.claim(NOW, worker=f"worker-{attempt}", lease=LEASE) == attempt
        assert (task.leased_by, task.number_of_retries) == (f"worker-{attempt}", 0)
        task.hand_back(NOW)


@pytest.mark.parametrize("behaviour", ["hand_back", "recover"])
def test_a_task_that_returns_to_the_queue_is_as_if_never_begun_but_for_its_token_and_start(behaviour: str) -> None:
    task = enqueued()
    as_new = attrs.evolve(task)
    task.claim(NOW, worker="first", lease=LEASE)
    task.renew(NOW, lease=LEASE, info="Exporting", percent=40)
    BEHAVIOURS[behaviour](task, NOW + LEASE)
    assert task == attrs.evolve(
        as_new,
        last_modification_time=NOW + LEASE,
        # A worker that still holds the old number has lost the task; the next claim counts on from it.
        fencing_token=1,
        number_of_retries=1 if behaviour == "recover" else 0,
        # Its share has had a turn.
        started_at=NOW,
    )


def test_only_a_recovery_counts_as_a_retry() -> None:
    task = enqueued()
    for recoveries in range(1, 4):
        task.claim(NOW, worker="stops", lease=LEASE)
        task.hand_back(NOW)
        task.claim(NOW, worker="vanishes", lease=LEASE)
        task.recover(NOW + LEASE)
        assert task.number_of_retries == recoveries


def test_a_task_is_not_recovered_before_the_moment_that_its_lease_ends() -> None:
    task = enqueued()
    task.claim(NOW, worker="first", lease=LEASE)
    with pytest.raises(InvalidTransitionError, match=r"is leased until .* and cannot be recovered"):
        task.recover(NOW + LEASE - timedelta(microseconds=1))
    task.recover(NOW + LEASE)
    assert task.status == "enqueued"


def test_a_task_is_recovered_at_once_where_its_worker_ends_the_lease() -> None:
    task = enqueued()
    task.claim(NOW, worker="first", lease=LEASE)
    task.end_lease(NOW)
    assert (task.is_leased_at(NOW), task.leased_by, task.number_of_retries) == (False, "first", 0)
    task.recover(NOW)
    assert (task.status, task.number_of_retries) == ("enqueued", 1)


def test_a_task_in_work_without_a_lease_can_be_recovered() -> None:
    task = attrs.evolve(leased(), leased_by=None, leased_until=None)
    task.recover(NOW)
    assert task.status == "enqueued"


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_a_task_has_ended_when_it_is_complete_or_in_error(state: State) -> None:
    assert state().has_ended is (state in {complete, error})


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


@given(st.lists(st.sampled_from(list(BEHAVIOURS))))
def test_whatever_happens_a_task_is_leased_just_while_in_work_and_counts_what_was_done(steps: list[str]) -> None:
    task = enqueued()
    done: Counter[str] = Counter()
    for number, step in enumerate(steps):
        # Far enough apart that every lease has ended by the next step.
        with suppress(InvalidTransitionError):
            BEHAVIOURS[step](task, NOW + number * LEASE)
            done[step] += 1
        in_work = task.status is BackgroundTaskStatus.PROCESSING
        assert (task.leased_by is not None, task.leased_until is not None) == (in_work, in_work)
        assert (task.completion_time is not None) is task.has_ended
        assert (task.fencing_token, task.number_of_retries) == (done["claim"], done["recover"])
        assert done["claim"] - done["hand_back"] - done["recover"] in {0, 1}
        assert done["complete"] + done["fail"] == (1 if task.has_ended else 0)
