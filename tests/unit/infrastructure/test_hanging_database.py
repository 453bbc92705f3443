"""Calls of the jobs' database that never come back, wherever a worker makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event, Semaphore, current_thread

import pytest

from tests.unit.application.use_cases.help_desk import HelpDesk
from tests.unit.infrastructure.worker_desk import PATIENCE, a_worker, at_work
from ticket_export import StopSignal
from ticket_export.infrastructure.tasks import runner


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> HelpDesk:
    monkeypatch.setattr(runner, "_LATER", 0.2)
    monkeypatch.setattr("ticket_export.application.run.heartbeat._PATIENCE", 0.1)
    monkeypatch.setattr("ticket_export.infrastructure.tasks.worker._GRACE", 0.5)
    monkeypatch.setattr("ticket_export.infrastructure.tasks.until_stopped._GRACE", 0.5)
    # The lease is the clock's, which stands still; a third of it is how often somebody looks.
    return HelpDesk(lease=timedelta(seconds=0.3), stall=timedelta(seconds=1))


@pytest.fixture
def answer() -> Iterator[Event]:
    """What the calls that hang wait for, so that their threads end with the test."""
    answer = Event()
    yield answer
    answer.set()


def hanging(answer: Event, is_hit: Callable[[str], bool], *, times: int = 1) -> Callable[[], None]:
    left = [None] * times

    def hang() -> None:
        if left and is_hit(current_thread().name):
            left.pop()
            answer.wait(PATIENCE)

    return hang


@pytest.mark.parametrize("thread", ["progress of export", "heartbeat of export"])
def test_export_completes_though_a_sign_of_life_is_never_answered(desk: HelpDesk, answer: Event, thread: str) -> None:
    job_id = desk.requested().id
    began = Event()

    def is_hit(name: str) -> bool:
        is_it = name.startswith(thread)
        if is_it:
            began.set()
        return is_it

    def count() -> None:
        desk.happen["work.enter"] = hanging(answer, is_hit)
        desk.clock.advance(desk.lease)
        if thread.startswith("heartbeat"):
            assert began.wait(PATIENCE)

    desk.happen["source.count"] = count
    assert desk.run_export(job_id).status == "completed"
    assert not answer.is_set()
    assert began.is_set()


@pytest.mark.parametrize("place", ["work.running.committed", "work.completed.committed"])
def test_next_export_does_not_wait_for_a_call_that_is_never_answered(desk: HelpDesk, answer: Event, place: str) -> None:
    desk.requested()
    ended = Semaphore(0)
    # Its lock is let go of, as a server does that ends a transaction which stands still.
    desk.happen[place] = hanging(answer, lambda name: name == "ticket-export runner")

    def work(stop: StopSignal) -> None:
        a_worker(desk).run(stop=stop, on_end=lambda job: ended.release())

    with at_work(work):
        desk.clock.advance(timedelta(seconds=1))
        following = desk.requested(number=1).id
        # The export whose claim hangs may be recovered and made before it.
        while desk.job(following).status != "completed":
            assert ended.acquire(timeout=PATIENCE)
        assert not answer.is_set()


@pytest.mark.parametrize("name", ["ticket-export recovery", "ticket-export clean-up", "ticket-export sweep"])
def test_exports_go_on_and_the_worker_stops_though_a_chore_is_never_answered(
    desk: HelpDesk, answer: Event, name: str
) -> None:
    ended = Semaphore(0)
    desk.happen["work.enter"] = hanging(answer, lambda thread: thread == name)
    desk.happen["storage.list.done"] = hanging(answer, lambda thread: thread == name)

    def work(stop: StopSignal) -> None:
        a_worker(desk).run(stop=stop, on_end=lambda job: ended.release())

    with at_work(work):
        desk.requested()
        assert ended.acquire(timeout=PATIENCE)
    assert not answer.is_set()


def test_drain_that_is_stopped_does_not_wait_for_the_chores_before_it(desk: HelpDesk, answer: Event) -> None:
    began = Event()

    def is_hit(_name: str) -> bool:
        began.set()
        return True

    desk.happen["work.enter"] = hanging(answer, is_hit)
    with at_work(lambda stop: a_worker(desk).drain(stop=stop)):
        assert began.wait(PATIENCE)
    assert not answer.is_set()
