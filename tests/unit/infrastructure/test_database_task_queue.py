from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from threading import Barrier, Thread
from time import monotonic

import pytest
import sqlalchemy
from sqlalchemy import Engine, event

from ticket_export import JobDatabaseError, create_engine
from ticket_export.application.ports.task_queue import SupportsListening, SupportsWaiting
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.infrastructure.help_desk.tables import build_help_desk_tables
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.infrastructure.tasks import database_task_queue as queue_module
from ticket_export.infrastructure.tasks.database_task_queue import DatabaseTaskQueue
from ticket_export.infrastructure.tasks.notifications import Notifications, PostgresqlNotifications, notifications_on
from ticket_export.ports import BackgroundTask, BackgroundTaskStatus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TABLES = build_help_desk_tables()
#: Seconds. What is found by looking is found within the first, where nobody looks the worker waits for the second.
SOON, LONG = 30.0, 120.0


def a_task(status: BackgroundTaskStatus = BackgroundTaskStatus.ENQUEUED, name: str = TASK_NAME) -> BackgroundTask:
    return BackgroundTask(name=name, creation_time=NOW, status=status)


class SilentNotifications(Notifications):
    """Heard or not, as the test says; and they say nothing by themselves."""

    are_heard = False

    def __init__(self) -> None:
        self.sent = 0

    def send(self) -> None:
        self.sent += 1


class Database:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.notifications = SilentNotifications()
        self.queue = DatabaseTaskQueue(engine, TABLES, self.notifications)
        self.looks = 0
        event.listen(engine, "before_cursor_execute", self._count)

    def _count(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        self.looks += "EXISTS" in statement

    def put(self, task: BackgroundTask) -> None:
        with SqlAlchemyUnitOfWork(self.engine, TABLES) as work:
            work.tasks.add(task)
            work.commit()

    def waited(self, timeout: float) -> float:
        """How many seconds an idle worker waited."""
        return self.answered(timeout)[1]

    def answered(self, timeout: float) -> tuple[bool, float]:
        """Whether a task may be waiting, and after how many seconds an idle worker was told."""
        began = monotonic()
        answer = self.queue.wait(timeout)
        return answer, monotonic() - began


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    engine = create_engine(f"sqlite:///{tmp_path}/desk.db")
    TABLES.metadata.create_all(engine)
    yield Database(engine)
    engine.dispose()


def test_queue_is_one_that_can_be_waited_at(database: Database) -> None:
    assert isinstance(database.queue, SupportsWaiting)
    assert isinstance(database.queue, SupportsListening)


def test_task_that_lies_there_is_not_waited_for(database: Database) -> None:
    database.put(a_task())
    answer, seconds = database.answered(LONG)
    assert answer
    assert seconds < SOON


def test_empty_queue_is_waited_at_until_the_time_is_over(database: Database) -> None:
    answer, seconds = database.answered(0.3)
    assert not answer
    assert 0.3 <= seconds < SOON


@pytest.mark.parametrize(
    "task",
    [
        a_task(BackgroundTaskStatus.PROCESSING),
        a_task(BackgroundTaskStatus.COMPLETE),
        a_task(BackgroundTaskStatus.ERROR),
        a_task(name="host.send_mail"),
    ],
    ids=lambda task: f"{task.name} {task.status}",
)
def test_tasks_that_nobody_may_take_wake_nobody(database: Database, task: BackgroundTask) -> None:
    database.put(task)
    assert database.answered(0.05)[0] is False


def test_task_that_another_process_commits_is_found(database: Database, tmp_path: Path) -> None:
    # What another process knows of this one is the database.
    other = Database(create_engine(f"sqlite:///{tmp_path}/desk.db"))
    idle: list[float] = []
    worker = Thread(target=lambda: idle.append(database.waited(LONG)), daemon=True)
    worker.start()
    other.put(a_task())
    worker.join(SOON)
    other.engine.dispose()
    assert idle
    assert idle[0] < SOON


def test_task_that_this_process_dispatches_wakes_a_worker(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "POLL_INTERVAL", LONG)
    idle: list[tuple[bool, float]] = []
    worker = Thread(target=lambda: idle.append(database.answered(LONG)), daemon=True)
    worker.start()
    task = a_task()
    database.put(task)
    # Whether the worker waits already or looks first, it is woken: the signal stays until somebody has it.
    database.queue.dispatch(task)
    worker.join(SOON)
    ((answer, seconds),) = idle
    assert answer
    assert seconds < SOON


def test_signal_without_a_task_sends_nobody_to_claim_it(database: Database) -> None:
    # Somebody else was faster.
    database.queue.dispatch(a_task())
    answer, seconds = database.answered(0.05)
    assert not answer
    assert seconds >= 0.05


def test_dispatched_task_is_signalled_to_other_processes(database: Database) -> None:
    database.queue.dispatch(a_task())
    assert database.notifications.sent == 1


@pytest.mark.parametrize("are_heard", [True, False])
def test_idle_threads_look_together_as_often_as_one(
    database: Database, monkeypatch: pytest.MonkeyPatch, are_heard: bool
) -> None:
    database.notifications.are_heard = are_heard
    used, unused = ("RARE_POLL_INTERVAL", "POLL_INTERVAL")[:: 1 if are_heard else -1]
    monkeypatch.setattr(queue_module, used, LONG)
    monkeypatch.setattr(queue_module, unused, 0.0)
    all_have_looked, it_is_time = Barrier(5, timeout=SOON), Barrier(5, timeout=SOON)

    def work() -> bool:
        answers = [database.queue.wait(0.01) for _ in range(5)]
        all_have_looked.wait(60)
        it_is_time.wait(60)
        return any([*answers, *(database.queue.wait(0.01) for _ in range(5))])

    with ThreadPoolExecutor(4) as threads:
        idle = [threads.submit(work) for _ in range(4)]
        all_have_looked.wait(60)
        # Each as it began.
        assert database.looks == 4
        database.queue._polled_at = -inf
        it_is_time.wait(60)
        assert [each.result(60) for each in idle] == [False] * 4
    assert database.looks == 5


def test_task_of_which_nobody_has_told_wakes_all_that_are_idle(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_module, "POLL_INTERVAL", LONG)
    all_have_looked, it_is_time = Barrier(5, timeout=SOON), Barrier(5, timeout=SOON)

    def work() -> bool:
        database.queue.wait(0.01)
        all_have_looked.wait(60)
        it_is_time.wait(60)
        # As a worker's thread does, which has to look after its signal to stop now and then.
        return any(database.queue.wait(0.1) for _ in range(100))

    with ThreadPoolExecutor(4) as threads:
        idle = [threads.submit(work) for _ in range(4)]
        all_have_looked.wait(60)
        database.put(a_task())
        database.queue._polled_at = -inf
        it_is_time.wait(60)
        assert [each.result(60) for each in idle] == [True] * 4


@pytest.mark.parametrize(
    ("url", "kind"),
    [("sqlite:///desk.db", Notifications), ("postgresql+psycopg://me@host/desk", PostgresqlNotifications)],
)
def test_database_says_how_processes_hear_of_each_other(url: str, kind: type) -> None:
    assert type(notifications_on(sqlalchemy.create_engine(url))) is kind


def test_waiting_locks_nothing(database: Database) -> None:
    worker = Thread(target=lambda: database.queue.wait(0.5), daemon=True)
    worker.start()
    for _ in range(20):
        database.put(a_task(BackgroundTaskStatus.COMPLETE))
    worker.join(SOON)
    assert not worker.is_alive()


def test_database_that_cannot_be_asked_says_so(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(JobDatabaseError):
        DatabaseTaskQueue(engine, TABLES, Notifications()).wait(LONG)
    engine.dispose()
