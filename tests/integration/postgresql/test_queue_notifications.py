"""Workers that listen: what wakes them, and what becomes of it when their connection does not hold."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.tasks import database_task_queue, notifications
from ticket_export.infrastructure.tasks.database_task_queue import DatabaseTaskQueue
from ticket_export.infrastructure.tasks.notifications import PostgresqlNotifications
from ticket_export.testing.entities import NOW

#: Seconds; only a failing test waits for the first, and nobody for the second.
PATIENCE, HOUR = 60.0, 3600.0


@pytest.fixture(autouse=True)
def rare_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not signalled is not found, unless the test says otherwise."""
    monkeypatch.setattr(database_task_queue, "POLL_INTERVAL", HOUR)
    monkeypatch.setattr(database_task_queue, "RARE_POLL_INTERVAL", HOUR)


class Party:
    """A process, as far as the database sees it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.notifications = PostgresqlNotifications(engine)
        self.queue = DatabaseTaskQueue(engine, REFERENCE_TABLES, self.notifications)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Inside the block it hears, and has nothing to do."""
        self.rest()
        with self.queue.listening():
            self.await_call()
            assert self.notifications.are_heard
            yield

    def rest(self) -> None:
        """Find nothing, and wait for a signal from now on."""
        assert not self.queue.wait(0)

    def await_call(self) -> None:
        """Be called, and not look."""
        until(self.queue._wake_up.is_called)


def until(condition: Callable[[], object]) -> None:
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline, "it never happened"
        sleep(0.01)


def a_task() -> BackgroundTask:
    return BackgroundTask(name=TASK_NAME, creation_time=NOW)


def listener_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "ticket-export listener"]


def listening_connections(rows: PostgresqlRows) -> list[int]:
    found = rows.run(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s",
        "ticket-export listener",
    )
    return [row["pid"] for row in found]


def terminate_listeners(rows: PostgresqlRows) -> None:
    for pid in listening_connections(rows):
        rows.run("SELECT pg_terminate_backend(%s, 10000)", pid)


@pytest.fixture
def worker(engine: Engine) -> Party:
    return Party(engine)


@pytest.fixture
def requester(engine: Engine) -> Iterator[Party]:
    other = sa.create_engine(engine.url)
    yield Party(other)
    other.dispose()


def test_task_that_another_process_dispatches_wakes_every_idle_thread(
    worker: Party, requester: Party, rows: PostgresqlRows
) -> None:
    ready = threading.Barrier(4, timeout=PATIENCE)

    def work(_number: int) -> bool:
        worker.rest()
        ready.wait(PATIENCE)
        return worker.queue.wait(PATIENCE)

    with worker.listening(), ThreadPoolExecutor(3) as threads:
        idle = threads.map(work, range(3))
        ready.wait(PATIENCE)
        task = a_task()
        rows.put(task)
        requester.queue.dispatch(task)
        assert list(idle) == [True] * 3


@pytest.mark.parametrize("payload", ["", "of another program"])
def test_any_program_may_wake_a_worker(worker: Party, rows: PostgresqlRows, payload: str) -> None:
    with worker.listening():
        rows.put(a_task())
        rows.run("SELECT pg_notify('ticket_export', %s)", payload)
        assert worker.queue.wait(PATIENCE)


def test_what_workers_ask_themselves_wakes_no_other(worker: Party, requester: Party) -> None:
    with worker.listening():
        with requester.listening():
            pass
        assert not worker.queue._wake_up.is_called()


def test_task_of_before_the_worker_listened_is_found(worker: Party, requester: Party, rows: PostgresqlRows) -> None:
    worker.rest()
    task = a_task()
    rows.put(task)
    requester.queue.dispatch(task)
    with worker.queue.listening():
        assert worker.queue.wait(PATIENCE)


def test_task_that_nobody_notified_is_found_all_the_same(
    worker: Party, rows: PostgresqlRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    with worker.listening():
        rows.put(a_task())
        monkeypatch.setattr(database_task_queue, "RARE_POLL_INTERVAL", 0.1)
        assert worker.queue.wait(PATIENCE)


@contextmanager
def listener_kept_from_connecting(engine: Engine) -> Iterator[Event]:
    may_connect = Event()

    def hold(*_connecting: object) -> None:
        if threading.current_thread() in listener_threads():
            may_connect.wait(PATIENCE)

    sa.event.listen(engine, "do_connect", hold)
    # Only new connections are held up, and none of the pool's must be at hand.
    engine.dispose()
    try:
        yield may_connect
    finally:
        may_connect.set()
        sa.event.remove(engine, "do_connect", hold)


def test_terminated_connection_is_replaced_and_what_came_meanwhile_is_found(
    worker: Party, rows: PostgresqlRows
) -> None:
    with worker.listening():
        with listener_kept_from_connecting(worker.engine) as may_connect:
            (first,) = listening_connections(rows)
            terminate_listeners(rows)
            # Nobody hears anything: so the worker is to look at once, and as often as it must from now on.
            worker.await_call()
            assert not worker.notifications.are_heard
            rows.put(a_task())
            assert not worker.queue.wait(0.05)
            may_connect.set()
            assert worker.queue.wait(PATIENCE)
        until(lambda: worker.notifications.are_heard)
        (second,) = listening_connections(rows)
    assert first != second


def test_worker_that_hears_nothing_any_more_looks_as_often_as_without_notifications(
    worker: Party, rows: PostgresqlRows, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with worker.listening(), listener_kept_from_connecting(worker.engine):
        terminate_listeners(rows)
        worker.await_call()
        assert not worker.notifications.are_heard
        rows.put(a_task())
        monkeypatch.setattr(database_task_queue, "POLL_INTERVAL", 0.1)
        assert worker.queue.wait(PATIENCE)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "receives no notifications of new exports" in caplog.text


class PoolersCursor(psycopg.Cursor[Any]):
    """Of a connection that a pooler lends by the transaction: LISTEN is accepted, and forgotten."""

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        text = query if isinstance(query, str) else query.as_string(self)
        return super().execute("SELECT 1" if text.startswith("LISTEN") else query, *arguments, **options)


def test_behind_a_pooler_that_forgets_who_listens_a_worker_looks_by_itself(
    engine: Engine, rows: PostgresqlRows, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(notifications, "_PROBE_TIMEOUT", 0.05)
    monkeypatch.setattr(notifications, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(database_task_queue, "POLL_INTERVAL", 0.1)
    pooled = sa.create_engine(engine.url, connect_args={"cursor_factory": PoolersCursor})
    worker, connections = Party(pooled), set[int]()

    def has_tried_again() -> bool:
        connections.update(listening_connections(rows))
        return len(connections) >= 3

    with worker.queue.listening():
        # It goes on trying, and complains once.
        until(has_tried_again)
        assert not worker.notifications.are_heard
        rows.put(a_task())
        assert worker.queue.wait(PATIENCE)
    pooled.dispose()
    assert [record.getMessage() for record in caplog.records] == [
        "the worker receives no notifications of new exports, and polls the queue"
    ]
    assert "no notification arrived within 0.05 s" in caplog.text


@contextmanager
def counted_probes(engine: Engine) -> Iterator[list[str]]:
    """What listeners send to themselves over the engine."""
    sent: list[str] = []

    def count(
        _connection: object, _cursor: object, _statement: str, parameters: dict[str, str], *_rest: object
    ) -> None:
        sent.extend(value for value in parameters.values() if value == "probe")

    sa.event.listen(engine, "before_cursor_execute", count)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)


def test_worker_asks_itself_once_and_again_only_after_a_silence(
    worker: Party, rows: PostgresqlRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = 0
    monkeypatch.setattr(notifications, "monotonic", lambda: monotonic() + ahead)
    with counted_probes(worker.engine) as sent, worker.listening():
        for _ in range(3):
            ahead += 20
            rows.run("NOTIFY ticket_export")
            worker.await_call()
        assert len(sent) == 1
        ahead += 31
        # Only so that it looks at the clock.
        rows.run("NOTIFY ticket_export")
        until(lambda: len(sent) == 2)


def test_answer_that_does_not_come_is_waited_for_and_not_asked_for_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "_PROBE_AFTER", 0.0)
    pooled = sa.create_engine(engine.url, connect_args={"cursor_factory": PoolersCursor})
    with counted_probes(pooled) as sent, Party(pooled).queue.listening():
        until(lambda: sent)
        sleep(0.2)
        assert len(sent) == 1
    pooled.dispose()


def test_worker_that_cannot_ask_itself_tries_again(worker: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "_FIRST_PAUSE", 0.01)
    failures = [ConnectionError("the database is gone")]

    def fail(*_begun: object) -> None:
        if failures and threading.current_thread() in listener_threads():
            raise failures.pop()

    sa.event.listen(worker.engine, "begin", fail)
    with worker.queue.listening():
        until(lambda: worker.notifications.are_heard)
    assert failures == []


def test_connection_that_hears_nothing_any_more_is_replaced(
    engine: Engine, rows: PostgresqlRows, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(notifications, "_PROBE_AFTER", 0.05)
    monkeypatch.setattr(notifications, "_PROBE_TIMEOUT", 2.0)
    made: list[Any] = []
    sa.event.listen(engine, "connect", lambda connection, _entry: made.append(connection))
    worker = Party(engine)
    with worker.listening():
        first = listening_connections(rows)
        # As if the network had swallowed it: the connection is as good as before, and silent.
        for connection in [each for each in made if [each.info.backend_pid] == first]:
            connection.execute("UNLISTEN *")
        until(lambda: listening_connections(rows) not in ([], first))
        until(lambda: worker.notifications.are_heard)
        rows.put(a_task())
        rows.run("NOTIFY ticket_export")
        assert worker.queue.wait(PATIENCE)
    assert [record.getMessage() for record in caplog.records][
        -1
    ] == "the worker receives notifications of new exports again"


def test_connection_and_thread_end_with_the_block(worker: Party, rows: PostgresqlRows) -> None:
    with worker.listening():
        assert len(listening_connections(rows)) == 1
        assert len(listener_threads()) == 1
    assert listener_threads() == []
    assert not worker.notifications.are_heard
    # The server takes note of it in its own time.
    until(lambda: listening_connections(rows) == [])
    worker.engine.dispose()
    mine = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    until(lambda: rows.run(mine) == [])


def test_listener_that_waits_until_it_may_try_again_ends_at_once(
    worker: Party, rows: PostgresqlRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "_FIRST_PAUSE", HOUR)
    with worker.listening():
        terminate_listeners(rows)
        until(lambda: not worker.notifications.are_heard)
    assert listener_threads() == []


def test_two_workers_of_one_process_hear_until_the_last_has_ended(worker: Party, rows: PostgresqlRows) -> None:
    with worker.listening():
        with worker.queue.listening():
            until(lambda: len(listening_connections(rows)) == 2)
        assert worker.notifications.are_heard
        assert len(listener_threads()) == 1
        rows.put(a_task())
        rows.run("NOTIFY ticket_export")
        assert worker.queue.wait(PATIENCE)


def test_who_only_dispatches_listens_to_nothing(requester: Party, rows: PostgresqlRows) -> None:
    requester.queue.dispatch(a_task())
    assert listening_connections(rows) == []
    assert listener_threads() == []


def test_signal_is_sent_though_the_connection_has_died_in_the_hosts_pool(
    worker: Party, requester: Party, rows: PostgresqlRows
) -> None:
    with worker.listening():
        with requester.engine.connect() as first, requester.engine.connect() as second:
            idle = [each.connection.driver_connection for each in (first, second)]
        for connection in idle:
            assert connection is not None
            rows.run("SELECT pg_terminate_backend(%s, 10000)", connection.info.backend_pid)
        task = a_task()
        rows.put(task)
        requester.queue.dispatch(task)
        assert worker.queue.wait(PATIENCE)


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_hosts_engine_serves_as_it_is_and_is_left_as_it_was(engine: Engine, rows: PostgresqlRows, level: str) -> None:
    host = sa.create_engine(
        engine.url,
        isolation_level=level,
        pool_size=1,
        max_overflow=0,
        pool_timeout=PATIENCE,
        connect_args={"options": "-c default_transaction_read_only=on"},
    )
    party = Party(host)
    with party.listening():
        rows.put(a_task())
        Party(host).queue.dispatch(a_task())
        assert party.queue.wait(PATIENCE)
        with host.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            assert driver.autocommit == (level == "AUTOCOMMIT")
            assert connection.exec_driver_sql("SHOW application_name").scalar() != "ticket-export listener"
    host.dispose()


def test_over_another_driver_a_worker_looks_by_itself(
    engine: Engine, rows: PostgresqlRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.dialect, "driver", "pg8000")
    monkeypatch.setattr(database_task_queue, "POLL_INTERVAL", 0.1)
    worker = Party(engine)
    with worker.queue.listening():
        assert listener_threads() == []
        assert not worker.queue.wait(0.01)
        rows.put(a_task())
        assert worker.queue.wait(PATIENCE)
