"""What a task returns, waits for and gives up."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection
from datetime import timedelta
from threading import Event
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import pytest
from dependency_injector.providers import Object

from tests.forked import exit_code, run_in_fork
from ticket_export import JobDatabaseError, RunOutcome, RunResult, StopSignal, TicketExportContainer
from ticket_export.application.use_cases.housekeep import Chore, Housekept
from ticket_export.entrypoints.celery import tasks as module
from ticket_export.entrypoints.celery.tasks import Tasks
from ticket_export.entrypoints.celery.worker_stop import SharedStopSignal


def tasks(run: Callable[..., RunOutcome], stop: StopSignal | None = None) -> Tasks:
    container = TicketExportContainer()
    container.run_next_export.override(Object(run))
    container.housekeep.override(Object(lambda **_: Housekept(due_in=timedelta(seconds=5))))
    return Tasks(container, stop or StopSignal())


def raising(error: Exception) -> Callable[..., Any]:
    def run(**_: object) -> RunOutcome:
        raise error

    return run


@pytest.mark.parametrize("result", [each for each in RunResult if each not in {RunResult.LOST, RunResult.NOTHING}])
def test_task_returns_what_came_of_the_export_for_the_log(result: RunResult) -> None:
    job_id = uuid4()
    returned = tasks(lambda **_: RunOutcome(result=result, job_id=job_id)).run_next_export("of another job")
    assert returned == f"{result.value} {job_id}"


def test_task_returns_that_there_was_nothing_to_do() -> None:
    assert tasks(lambda **_: RunOutcome(result=RunResult.NOTHING)).run_next_export() == "nothing"


def test_worker_that_stops_begins_no_export() -> None:
    stop = StopSignal()
    stop.give()
    assert tasks(raising(AssertionError("an export has begun")), stop).run_next_export() is None


def test_lost_exports_are_followed_by_growing_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST_PAUSE", 0.4)
    results = iter([RunResult.LOST] * 4 + [RunResult.COMPLETED, RunResult.LOST])
    it = tasks(lambda **_: RunOutcome(result=next(results)))
    it._pause = 0.1
    pauses = []
    for _ in range(4):
        began_at = monotonic()
        it.run_next_export()
        pauses.append(monotonic() - began_at)
    assert [pause >= least for pause, least in zip(pauses, [0.1, 0.2, 0.4, 0.4], strict=True)] == [True] * 4
    it.run_next_export()
    assert it._pause == module._FIRST_PAUSE


def test_pause_ends_when_the_worker_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE", 60)
    stop = SharedStopSignal()
    it = tasks(lambda **_: RunOutcome(result=RunResult.LOST), stop)
    it._pause = 60
    # Given by another process, which wakes no thread of this one.
    stop._shared[0] = 1
    stop_seen_at = monotonic()
    it._wait()
    assert monotonic() - stop_seen_at < 30


def test_database_that_is_away_is_logged_and_not_raised(caplog: pytest.LogCaptureFixture) -> None:
    it = tasks(raising(JobDatabaseError("the database is away")))
    it._pause = 0.01
    assert it.run_next_export() is None
    it.container.housekeep.override(Object(raising(JobDatabaseError("the database is away"))))
    it.housekeep()
    assert [each.getMessage() for each in caplog.records] == [
        "cannot take the next export: the database is away",
        "cannot do the housekeeping: the database is away",
    ]


def test_worker_whose_queue_is_never_empty_does_the_housekeeping_between_two_exports() -> None:
    it = tasks(lambda **_: RunOutcome(result=RunResult.COMPLETED, job_id=uuid4()))
    kept = []

    def housekeep(*, only: Collection[Chore]) -> Housekept:
        # Messages are in the queue already.
        assert set(only) == set(Chore) - {Chore.DISPATCH}
        kept.append(monotonic())
        return Housekept(due_in=timedelta(seconds=0.2))

    it.container.housekeep.override(Object(housekeep))
    began_at = monotonic()
    while len(kept) < 3:
        it.run_next_export()
        assert monotonic() < began_at + 60
    # And not more often than a chore is due.
    assert kept[2] - kept[0] >= 0.4


def test_worker_that_stops_does_no_housekeeping() -> None:
    stop = StopSignal()

    def run(**_: object) -> RunOutcome:
        stop.give()
        return RunOutcome(result=RunResult.HANDED_BACK, job_id=uuid4())

    it = tasks(run, stop)
    it.container.housekeep.override(Object(raising(AssertionError("it does the housekeeping"))))
    it.run_next_export()


def stalling(**named: Any) -> RunOutcome:
    named["on_stall"]()
    sleep(60)
    raise AssertionError("the process has not ended")


@pytest.mark.no_cover
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_process_of_a_pool_ends_when_its_export_never_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GRACE", 0.05)
    it = tasks(stalling)

    def act() -> None:
        it.run_next_export()

    child = run_in_fork(act)
    assert exit_code(child) == os.EX_SOFTWARE


def test_worker_with_threads_says_that_one_of_them_is_blocked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_GRACE", 0.01)
    tasks(lambda **_: RunOutcome(result=RunResult.NOTHING))._end_process(Event())
    assert "blocks a thread of the worker" in caplog.text


def test_export_that_returns_after_its_stall_ends_no_process(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    def run(**named: Any) -> RunOutcome:
        named["on_stall"]()
        return RunOutcome(result=RunResult.LEFT, job_id=uuid4())

    assert tasks(run).run_next_export()
    assert caplog.records == []


@pytest.mark.no_cover
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_stop_signal_of_a_worker_is_given_in_the_processes_that_it_has_forked() -> None:
    stop = SharedStopSignal()
    assert not stop.is_given

    def wait_for_it() -> None:
        deadline = monotonic() + 60
        while not stop.is_given:
            assert monotonic() < deadline
            sleep(0.01)

    child = run_in_fork(wait_for_it)
    stop.give()
    assert stop.is_given
    assert exit_code(child) == 0
