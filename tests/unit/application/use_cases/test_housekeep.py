from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import PREFIX, HelpDesk, raising
from ticket_export import Settings
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUp
from ticket_export.application.use_cases.housekeep import LOST_AFTER, MOST_HINTS, Chore, Housekeep, Housekept
from ticket_export.application.use_cases.purge_exports import Purge
from ticket_export.application.use_cases.recover_stalled_exports import Recovery
from ticket_export.application.use_cases.sweep_orphaned_objects import Sweep
from ticket_export.errors import JobDatabaseError, StorageError
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.ports import SupportsWaiting

INTERVALS = Settings(_env_file=None).chore_intervals
JUST_LONGER = LOST_AFTER + timedelta(microseconds=1)


@pytest.fixture
def desk() -> HelpDesk:
    return HelpDesk(history=timedelta(days=30))


def waiting(desk: HelpDesk, count: int) -> list[UUID]:
    """The ids of the tasks of as many exports, oldest first, of which the queue has lost everything."""
    tasks = []
    for _ in range(count):
        tasks.append(desk.task(desk.requested().id).id)
        desk.clock.advance(timedelta(milliseconds=1))
    desk.queue.dispatched.clear()
    return tasks


def dispatched(desk: HelpDesk) -> list[UUID]:
    return [task.id for task in desk.queue.dispatched]


def test_everything_is_done_at_the_first_call(desk: HelpDesk) -> None:
    assert desk.housekeep() == Housekept(
        recovery=Recovery(),
        dispatched=0,
        clean_up=CleanUp(),
        sweep=Sweep(),
        purge=Purge(),
        due_in=INTERVALS[Chore.RECOVER],
    )


def test_nothing_is_done_by_another_caller_before_it_is_due(desk: HelpDesk) -> None:
    desk.housekeep()
    desk.clock.advance(timedelta(seconds=1))
    assert attrs.evolve(desk.housekeep).__call__() == Housekept(due_in=INTERVALS[Chore.RECOVER] - timedelta(seconds=1))


@pytest.mark.parametrize("chore", Chore)
def test_chore_is_due_after_its_interval_and_not_earlier(desk: HelpDesk, chore: Chore) -> None:
    desk.housekeep(only={chore})
    desk.clock.advance(INTERVALS[chore] - timedelta(microseconds=1))
    assert desk.housekeep(only={chore}).due_in == timedelta(microseconds=1)
    desk.clock.advance(timedelta(microseconds=1))
    assert desk.housekeep(only={chore}).due_in == INTERVALS[chore]


def test_chores_are_done_at_once_when_they_are_asked_for_now(desk: HelpDesk) -> None:
    desk.housekeep()
    kept = desk.housekeep(now=True)
    assert None not in attrs.astuple(kept)
    # And then they are not due for others either.
    assert desk.housekeep().recovery is None


def test_chore_that_was_begun_in_the_future_is_due(desk: HelpDesk) -> None:
    desk.clock.advance(timedelta(days=1))
    desk.housekeep()
    desk.clock.advance(timedelta(days=-1))
    assert desk.housekeep().sweep is not None


def test_only_the_chores_that_are_asked_for_are_done(desk: HelpDesk) -> None:
    desk.storage.objects[f"{PREFIX}{UUID(int=1)}/1/x.csv"] = b"left behind"
    kept = desk.housekeep(only={Chore.RECOVER, Chore.PURGE})
    assert (kept.recovery, kept.purge, kept.clean_up, kept.sweep) == (Recovery(), Purge(), None, None)
    assert len(desk.stored) == 1


def test_chore_that_fails_is_told_and_the_others_are_done(desk: HelpDesk, caplog: pytest.LogCaptureFixture) -> None:
    error = StorageError("the storage is away")
    desk.happen["storage.list.done"] = raising(error)
    kept = desk.housekeep()
    assert (kept.failed, kept.sweep, kept.purge) == ({Chore.SWEEP: error}, None, Purge())
    assert "the chore sweep failed; it is tried again" in caplog.messages
    desk.happen.clear()
    assert desk.housekeep().sweep is None
    desk.clock.advance(INTERVALS[Chore.SWEEP])
    assert desk.housekeep().sweep == Sweep()


def test_database_that_cannot_say_what_is_due_is_an_error(desk: HelpDesk) -> None:
    desk.happen["work.enter"] = raising(JobDatabaseError("gone"))
    with pytest.raises(JobDatabaseError, match="gone"):
        desk.housekeep()


def test_tasks_that_the_queue_may_have_lost_are_dispatched_again(desk: HelpDesk) -> None:
    tasks = waiting(desk, 3)
    desk.clock.advance(LOST_AFTER)
    assert desk.housekeep().dispatched == 3
    assert dispatched(desk) == tasks


@pytest.mark.parametrize(("waited", "again"), [(LOST_AFTER, 0), (JUST_LONGER, 1)])
def test_task_that_waits_for_five_seconds_is_left_to_the_queue(desk: HelpDesk, waited: timedelta, again: int) -> None:
    requested = desk.requested()
    desk.queue.dispatched.clear()
    assert isinstance(desk.task(requested.id).creation_time, datetime)
    desk.clock.advance(waited)
    assert (desk.housekeep().dispatched, len(desk.queue.dispatched)) == (again, again)


def test_task_that_was_handed_back_a_moment_ago_is_left_to_the_queue(desk: HelpDesk) -> None:
    waiting(desk, 1)
    desk.clock.advance(2 * LOST_AFTER)
    attempt = desk.claims.claim_next()
    assert attempt is not None
    attempt.hand_back()
    assert desk.housekeep().dispatched == 0


def test_at_most_twenty_tasks_are_dispatched_again_in_a_call(desk: HelpDesk) -> None:
    tasks = waiting(desk, MOST_HINTS + 5)
    desk.clock.advance(JUST_LONGER)
    assert desk.housekeep().dispatched == MOST_HINTS == 20
    assert dispatched(desk) == tasks[:20]


def test_queue_that_is_away_fails_no_chore(desk: HelpDesk, caplog: pytest.LogCaptureFixture) -> None:
    waiting(desk, 2)
    desk.clock.advance(JUST_LONGER)
    desk.happen["queue.dispatch"] = raising(ConnectionError("the broker is gone"))
    kept = desk.housekeep()
    assert (kept.failed, kept.sweep) == ({}, Sweep())
    assert caplog.text.count("could not be dispatched") == 2


class _Waited(InMemoryTaskQueue, SupportsWaiting):
    def wait(self, timeout: float) -> bool:
        return True


def test_workers_that_look_for_tasks_themselves_need_no_second_hint(desk: HelpDesk) -> None:
    waiting(desk, 1)
    desk.clock.advance(JUST_LONGER)
    queue = _Waited()
    housekeep: Housekeep = attrs.evolve(desk.housekeep, task_queue=queue)
    assert housekeep().dispatched is None
    assert queue.dispatched == []


@pytest.mark.parametrize(
    ("settings", "interval"),
    [({}, 3), ({"lease_seconds": 1}, 0.2), ({"lease_seconds": 600}, 5), ({"recover_seconds": 7}, 5)],
)
def test_it_is_called_as_often_as_the_most_frequent_chore_is_due(settings: dict[str, float], interval: float) -> None:
    assert Settings(_env_file=None, **settings).housekeeping_interval == timedelta(seconds=interval)  # type: ignore[arg-type]


def test_intervals_are_those_of_the_settings() -> None:
    settings = Settings(_env_file=None, recover_seconds=1, clean_up_seconds=2, sweep_seconds=3)
    assert settings.chore_intervals == {
        Chore.RECOVER: timedelta(seconds=1),
        Chore.DISPATCH: LOST_AFTER,
        Chore.CLEAN_UP: timedelta(seconds=2),
        Chore.SWEEP: timedelta(seconds=3),
        Chore.PURGE: timedelta(hours=1),
    }
