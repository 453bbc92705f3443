from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Semaphore, Thread
from uuid import UUID, uuid4

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NOW, PREFIX, HelpDesk, raising
from tests.unit.infrastructure.worker_desk import PATIENCE, a_house, at_work
from ticket_export import ExportJobStatus, StopSignal
from ticket_export.application.run.latch import Latch
from ticket_export.application.use_cases.housekeep import Chore
from ticket_export.infrastructure.tasks.housekeeping import Housekeeping

HISTORY = timedelta(days=30)
OFTEN, HARDLY_EVER = timedelta(milliseconds=5), timedelta(days=1)


@attrs.frozen
class Work:
    """What makes work for a chore, and the place that it comes by then."""

    make_work: Callable[[HelpDesk], object]
    place: str
    chore: Chore


def lose_an_export(desk: HelpDesk) -> UUID:
    """In the only attempt that a house makes at it."""
    desk.lease = timedelta(0)
    job_id = desk.requested().id
    desk.claims.claim(job_id)
    return job_id


def let_an_export_expire(desk: HelpDesk) -> UUID:
    """One that has failed, so that nobody hears more of it than that it expired."""
    job_id = desk.requested().id
    with desk.unit_of_work() as work:
        job = work.jobs.find(job_id)
        assert job is not None
        job.fail("no", NOW)
        job.expires_at = NOW
        work.jobs.update(job, was=ExportJobStatus.QUEUED)
        work.commit()
    return job_id


def leave_an_object(desk: HelpDesk) -> str:
    key = f"{PREFIX}{uuid4()}/1/x.csv"
    desk.storage.objects[key] = b"left behind"
    return key


def leave_an_old_export(desk: HelpDesk) -> UUID:
    """One that was cleaned up `HISTORY` ago."""
    job_id, then = desk.requested().id, NOW - HISTORY
    task = attrs.evolve(desk.task(job_id))
    task.fail("no", then)
    job = attrs.evolve(desk.job(job_id), status=ExportJobStatus.FAILED, error_message="no", is_cleaned_up=True)
    desk.change(attrs.evolve(job, expires_at=then, last_modification_time=then), task)
    return job_id


CHORES = [
    Work(lose_an_export, "events.failed", Chore.RECOVER),
    Work(let_an_export_expire, "events.expired", Chore.CLEAN_UP),
    Work(leave_an_object, "storage.delete.done", Chore.SWEEP),
    Work(leave_an_old_export, "work.removed.committed", Chore.PURGE),
]


@pytest.fixture
def desk() -> HelpDesk:
    return HelpDesk(history=HISTORY)


def often(desk: HelpDesk, chore: Chore) -> Housekeeping:
    """A house in which that chore is done often, and the others once."""
    desk.max_attempts = 1
    return a_house(desk, dict.fromkeys(Chore, HARDLY_EVER) | {chore: OFTEN})


def keeping(house: Housekeeping) -> Callable[[StopSignal], None]:
    def keep(stop: StopSignal) -> None:
        is_over = Latch()
        threads = [Thread(target=chore.keep, args=(is_over,), daemon=True) for chore in house.chores]
        with stop.calling(is_over.set):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)

    return keep


def test_everything_is_done_at_once(desk: HelpDesk) -> None:
    done = {work.place: Event() for work in CHORES}
    for work in CHORES:
        work.make_work(desk)
        desk.happen[work.place] = done[work.place].set
    desk.max_attempts = 1
    with at_work(keeping(a_house(desk, dict.fromkeys(Chore, HARDLY_EVER)))):
        for event in done.values():
            assert event.wait(PATIENCE)


@pytest.mark.parametrize("work", CHORES, ids=lambda work: work.chore)
def test_chore_is_done_again_and_again(desk: HelpDesk, work: Work) -> None:
    done = Semaphore(0)
    desk.happen[work.place] = done.release
    with at_work(keeping(often(desk, work.chore))):
        for _ in range(3):
            work.make_work(desk)
            assert done.acquire(timeout=PATIENCE)


@pytest.mark.parametrize("rare", CHORES, ids=lambda work: work.chore)
def test_chore_waits_for_its_time_while_another_is_done(desk: HelpDesk, rare: Work) -> None:
    frequent = next(each for each in CHORES if each is not rare)
    done, rounds, too_early = Semaphore(0), Semaphore(0), list[str]()
    # Everything is done once, when it begins.
    rare.make_work(desk)
    desk.happen |= {rare.place: done.release, frequent.place: rounds.release}
    with at_work(keeping(often(desk, frequent.chore))):
        assert done.acquire(timeout=PATIENCE)
        desk.happen[rare.place] = lambda: too_early.append(rare.chore)
        rare.make_work(desk)
        for _ in range(3):
            frequent.make_work(desk)
            assert rounds.acquire(timeout=PATIENCE)
    assert too_early == []


@pytest.mark.parametrize("work", CHORES, ids=lambda work: work.chore)
def test_chore_that_fails_is_logged_and_done_again(
    desk: HelpDesk, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    work.make_work(desk)
    done, trouble = Event(), 4

    def enter() -> None:
        nonlocal trouble
        trouble -= 1
        if trouble >= 0:
            raise ConnectionError("the database is gone")

    # The others may have their share of the trouble, but they are done once.
    desk.happen |= {"work.enter": enter, work.place: done.set}
    with at_work(keeping(often(desk, work.chore))):
        assert done.wait(PATIENCE)
    assert trouble < 0
    assert caplog.text.count("it is tried again") >= 2
    assert "the database is gone" in caplog.text


@pytest.mark.parametrize("which", range(5))
def test_no_chore_raises(desk: HelpDesk, which: int, caplog: pytest.LogCaptureFixture) -> None:
    leave_an_object(desk)
    desk.happen["work.enter"] = raising(ConnectionError("the database is gone"))
    chore = a_house(desk).chores[which]
    assert chore() is None
    assert caplog.messages == [f"the chore {chore.what} could not be begun; it is tried again"]


def test_chore_that_fails_on_and_on_is_done_less_and_less_often(desk: HelpDesk) -> None:
    pauses: list[float] = []

    class Time(Latch):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0)
            if len(pauses) == 12:
                self.set()
            return self.is_set()

    desk.happen["work.enter"] = raising(ConnectionError("no"))
    house = a_house(desk, dict.fromkeys(Chore, timedelta(seconds=1)))
    next(chore for chore in house.chores if chore.what is Chore.SWEEP).keep(Time())
    # Each is varied by a fifth, so the second next is longer in any case.
    assert all(later > earlier for earlier, later in zip(pauses[:4], pauses[2:6], strict=True))
    assert 60 <= pauses[-1] <= 72


def test_several_workers_do_a_chore_once(desk: HelpDesk) -> None:
    houses = [a_house(desk, dict.fromkeys(Chore, HARDLY_EVER)) for _ in range(8)]
    rests = [next(chore for chore in house.chores if chore.what is Chore.SWEEP)() for house in houses]
    assert [rest == HARDLY_EVER for rest in rests] == [True, *([False] * 7)]
    assert all(rest and HARDLY_EVER - timedelta(minutes=5) < rest <= HARDLY_EVER for rest in rests)


def test_preparing_ends_what_has_expired_before_it_recovers(desk: HelpDesk) -> None:
    lost = lose_an_export(desk)
    desk.clock.advance(desk.retention)
    a_house(desk).prepare()
    assert (desk.job(lost).status.developer_name, desk.job(lost).is_cleaned_up) == ("failed", True)
    assert "expired" in (desk.job(lost).error_message or "")


def test_tidying_cleans_up_and_sweeps_and_does_not_recover(desk: HelpDesk) -> None:
    lost = lose_an_export(desk)
    expired = let_an_export_expire(desk)
    leave_an_object(desk)
    a_house(desk).tidy()
    assert desk.stored == {}
    assert desk.job(expired).is_cleaned_up
    assert desk.job(lost).status.developer_name == "running"


def test_house_whose_time_is_over_is_not_kept(desk: HelpDesk) -> None:
    key, is_over = leave_an_object(desk), Latch()
    is_over.set()
    for chore in a_house(desk).chores:
        chore.keep(is_over)
    assert list(desk.files) == [key]


def test_nothing_is_purged_and_no_thread_waits_for_it_where_history_is_kept(desk: HelpDesk) -> None:
    desk.history = None
    assert [chore.what for chore in a_house(desk).chores] == [
        Chore.RECOVER,
        Chore.DISPATCH,
        Chore.CLEAN_UP,
        Chore.SWEEP,
    ]
    job_id = leave_an_old_export(desk)
    a_house(desk).tidy()
    assert job_id in desk.database.committed.jobs


def test_tidying_purges_too(desk: HelpDesk) -> None:
    job_id = leave_an_old_export(desk)
    a_house(desk).tidy()
    assert job_id not in desk.database.committed.jobs
