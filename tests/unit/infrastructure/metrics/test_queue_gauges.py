"""The gauges of the queue ask the database rarely, wait for it briefly, and never fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from tests.unit.application.use_cases.help_desk import raising
from tests.unit.infrastructure.metrics.measured_desk import MeasuredDesk, Values
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.metrics import queue_watch
from ticket_export.infrastructure.metrics.queue_watch import QueueWatch

# Seconds; only a failing test waits for so long.
LIMIT = 60.0
NONE: tuple[Values, Values, Values] = ({}, {}, {})


@pytest.fixture
def _always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_watch, "FRESH", 0.0)


@pytest.fixture
def measured() -> MeasuredDesk:
    measured = MeasuredDesk()
    # As the process that runs exports or ends them.
    measured.container.run_next_export()
    return measured


def gauges(measured: MeasuredDesk) -> tuple[Values, Values, Values]:
    """How many exports wait and run, and the age of the oldest one that waits."""
    read = {name: measured.values(f"ticket_export.queue.{name}") for name in ("waiting", "running", "age")}
    return read["waiting"], read["running"], read["age"]


def until(condition: Callable[[], bool]) -> None:
    end = monotonic() + LIMIT
    while not condition():
        assert monotonic() < end, "it does not happen"
        sleep(0.01)


@pytest.mark.usefixtures("_always_fresh")
def test_gauges_show_what_waits_and_runs_and_for_how_long(measured: MeasuredDesk) -> None:
    desk = measured.desk
    assert gauges(measured) == ({"": 0}, {"": 0}, {"": 0})
    for number in range(3):
        desk.requested(number=number)
        desk.clock.advance(timedelta(seconds=10))
    assert gauges(measured) == ({"": 3}, {"": 0}, {"": 30})
    assert measured.container.claims().claim_next() is not None
    assert gauges(measured) == ({"": 2}, {"": 1}, {"": 20})


@pytest.mark.usefixtures("_always_fresh")
def test_clock_that_was_set_back_makes_no_negative_age(measured: MeasuredDesk) -> None:
    measured.desk.requested()
    measured.desk.clock.advance(timedelta(hours=-1))
    assert gauges(measured) == ({"": 1}, {"": 0}, {"": 0})


def test_database_is_asked_once_for_all_gauges_and_for_every_reader_of_the_next_seconds(
    measured: MeasuredDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(queue_watch, "monotonic", lambda: now[0])
    asked: list[None] = []
    measured.desk.happen["work.enter"] = lambda: asked.append(None)
    for _ in range(3):
        assert gauges(measured) == ({"": 0}, {"": 0}, {"": 0})
    assert len(asked) == 1
    now[0] += queue_watch.FRESH - 0.1
    gauges(measured)
    assert len(asked) == 1
    now[0] += 0.2
    gauges(measured)
    assert len(asked) == 2


@pytest.mark.usefixtures("_always_fresh")
def test_database_that_is_away_makes_no_error_and_one_warning(
    measured: MeasuredDesk, caplog: pytest.LogCaptureFixture
) -> None:
    measured.desk.happen["work.enter"] = raising(JobDatabaseError("the database is away"))
    for _ in range(3):
        assert gauges(measured) == NONE
    (record,) = [each for each in caplog.records if each.name == queue_watch.__name__]
    assert record.getMessage() == "the metrics of the queue are missing, because it cannot be read"
    measured.desk.happen.clear()
    assert gauges(measured) == ({"": 0}, {"": 0}, {"": 0})
    assert caplog.messages[-1] == "the metrics of the queue are there again"
    assert len([each for each in caplog.records if each.name == queue_watch.__name__]) == 2


def test_database_that_does_not_answer_is_waited_for_once_and_asked_once(
    measured: MeasuredDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_watch, "PATIENCE", 0.2)
    monkeypatch.setattr(queue_watch, "FRESH", 0.0)
    answers, asked = Event(), list[None]()

    def hang() -> None:
        asked.append(None)
        assert answers.wait(LIMIT)

    measured.desk.happen["work.enter"] = hang
    began = monotonic()
    for _ in range(5):
        assert gauges(measured) == NONE
    # Fifteen observations.
    assert monotonic() - began < 15 * 0.2
    assert len(asked) == 1
    measured.desk.happen.clear()
    answers.set()
    until(lambda: gauges(measured) == ({"": 0}, {"": 0}, {"": 0}))


@pytest.mark.usefixtures("_always_fresh")
def test_process_that_cannot_start_a_thread_has_no_gauges(
    measured: MeasuredDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Thread, "start", raising(RuntimeError("can't start new thread")))
    assert gauges(measured) == NONE
    monkeypatch.undo()
    assert gauges(measured) != NONE


def test_forked_process_reads_anew(measured: MeasuredDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_watch, "PATIENCE", 0.1)
    desk, answers = measured.desk, Event()
    watch = QueueWatch(desk.unit_of_work, desk.clock)
    desk.happen["work.enter"] = lambda: answers.wait(LIMIT)
    assert watch.look() is None
    # What a child finds: a reading whose thread it does not have.
    monkeypatch.setattr(queue_watch, "PATIENCE", LIMIT)
    desk.happen.clear()
    watch.renew()
    answers.set()
    assert watch.look() is not None
