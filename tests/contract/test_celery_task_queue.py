"""The task queue of Celery keeps the contract on each broker, and promises more: see its tests."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from time import monotonic, sleep
from uuid import UUID, uuid4

import pytest
from celery import Celery

from tests.brokers import Broker, free_port
from tests.forked import exit_code, run_in_fork
from ticket_export.application.run.export_task import TASK_NAME, job_id_of, task_args
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.infrastructure.tasks import celery_task_queue
from ticket_export.infrastructure.tasks.celery_task_queue import CeleryTaskQueue
from ticket_export.testing.entities import NOW
from ticket_export.testing.task_queue import TaskQueueContract

# Seconds; only a failing test waits for so long.
_PATIENCE = 60


def _task() -> BackgroundTask:
    return BackgroundTask(name=TASK_NAME, args=task_args(uuid4()), creation_time=NOW)


class TestCeleryTaskQueue(TaskQueueContract[CeleryTaskQueue]):
    broker: Broker
    seen: set[str]

    @pytest.fixture
    def queue(self, broker: Broker) -> CeleryTaskQueue:
        self.broker, self.seen = broker, set()
        return CeleryTaskQueue(Celery(broker=broker.url))

    def commit_task_behind(self, queue: CeleryTaskQueue) -> BackgroundTask:
        return _task()

    def is_on_its_way_behind(self, queue: CeleryTaskQueue, task: BackgroundTask) -> bool:
        queue._flush()
        self.seen |= _job_ids(self.broker)
        return str(job_id_of(task)) in self.seen

    @contextmanager
    def away_behind(self, queue: CeleryTaskQueue) -> Iterator[None]:
        self.broker.stop()
        yield
        self.broker.start()


def _job_ids(broker: Broker) -> set[str]:
    return {message.decode()[0][0] for message in broker.messages()}


def _arrives(broker: Broker, task: BackgroundTask, seen: set[str] | None = None) -> bool:
    seen = set() if seen is None else seen
    deadline = monotonic() + _PATIENCE
    while str(job_id_of(task)) not in seen:
        if monotonic() > deadline:
            return False
        seen |= _job_ids(broker)
    return True


@pytest.fixture
def black_hole() -> Iterator[int]:
    """The port of a server that never takes a connection."""
    with ExitStack() as opened:
        server = opened.enter_context(closing(socket.socket()))
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        # What waits to be taken fills its backlog.
        for _ in range(3):
            waiting = opened.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def _longest_dispatch(queue: CeleryTaskQueue, times: int) -> float:
    longest = 0.0
    for _ in range(times):
        began_at = monotonic()
        queue.dispatch(_task())
        longest = max(longest, monotonic() - began_at)
    return longest


@pytest.mark.parametrize("transport", ["redis", "amqp"])
def test_dispatch_to_a_broker_that_refuses_connections_takes_no_time_and_is_logged_once(
    transport: str, caplog: pytest.LogCaptureFixture
) -> None:
    queue = CeleryTaskQueue(Celery(broker=f"{transport}://127.0.0.1:{free_port()}//"))
    assert _longest_dispatch(queue, 50) < 1
    queue._flush()
    assert [each.levelname for each in caplog.records] == ["WARNING"]
    assert "cannot send hints to the Celery workers" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("transport", ["redis", "amqp"])
def test_dispatch_to_a_broker_that_never_answers_does_not_wait_for_it(
    transport: str, black_hole: int, caplog: pytest.LogCaptureFixture
) -> None:
    queue = CeleryTaskQueue(Celery(broker=f"{transport}://127.0.0.1:{black_hole}//"))
    assert _longest_dispatch(queue, 5) < 1
    queue._flush()
    began_at = monotonic()
    while not caplog.records:
        assert monotonic() - began_at < _PATIENCE
        sleep(0.01)
    # It is known to be away, and not waited for again: 100 waits would take 5 s.
    began_at = monotonic()
    _longest_dispatch(queue, 100)
    assert monotonic() - began_at < 2
    assert len(caplog.records) == 1


def test_host_that_waits_without_limit_for_its_broker_does_not_make_a_request_wait(black_hole: int) -> None:
    app = Celery(broker=f"redis://127.0.0.1:{black_hole}//")
    app.conf.update(broker_transport_options={"socket_timeout": None}, task_publish_retry_policy={"max_retries": None})
    queue = CeleryTaskQueue(app)
    assert _longest_dispatch(queue, 3) < 1
    began_at = monotonic()
    queue._flush()
    assert monotonic() - began_at < 4
    assert app.conf.broker_transport_options == {"socket_timeout": None}


def test_hints_go_on_when_the_broker_is_back(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(celery_task_queue, "_PAUSE", 0.1)
    queue = CeleryTaskQueue(Celery(broker=broker.url))
    queue.dispatch(first := _task())
    assert _arrives(broker, first)
    broker.stop()
    for _ in range(3):
        queue.dispatch(_task())
    queue._flush()
    broker.start()
    sleep(0.1)
    queue.dispatch(last := _task())
    assert _arrives(broker, last)
    assert "can be reached again" in caplog.text


def test_first_hint_after_a_restart_of_the_broker_arrives(broker: Broker) -> None:
    queue = CeleryTaskQueue(Celery(broker=broker.url))
    queue.dispatch(_task())
    queue._flush()
    broker.stop()
    broker.start()
    queue.dispatch(task := _task())
    assert _arrives(broker, task)


def test_message_is_the_id_of_the_job_as_text_and_is_discarded_after_an_hour(broker: Broker) -> None:
    CeleryTaskQueue(Celery(broker=broker.url)).dispatch(task := _task())
    deadline = monotonic() + _PATIENCE
    while not (messages := broker.messages()):
        assert monotonic() < deadline
    (message,) = messages
    assert message.content_type == "application/json"
    arguments, named, _ = message.decode()
    assert (arguments, named) == ([str(job_id_of(task))], {})
    assert str(UUID(arguments[0])) == arguments[0]
    assert message.headers["task"] == "ticket_export.run_next_export"
    assert message.headers["ignore_result"] is True
    assert message.headers["eta"] is None
    assert message.headers["expires"]
    assert message.properties["expiration"] == "3600000"


def test_routes_serializer_and_defaults_of_the_host_do_not_change_the_message(broker: Broker) -> None:
    app = Celery(broker=broker.url)
    app.conf.update(
        task_routes={"*": {"queue": "elsewhere", "exchange": "elsewhere", "routing_key": "elsewhere"}},
        task_default_exchange_type="topic",
        task_create_missing_queues=False,
        task_serializer="pickle",
        accept_content=["pickle", "json"],
        task_protocol=1,
        task_default_priority=9,
    )
    CeleryTaskQueue(app).dispatch(task := _task())
    assert _arrives(broker, task)


def test_workers_that_do_not_read_json_get_what_they_read(valkey: Broker) -> None:
    app = Celery(broker=valkey.url)
    app.conf.update(task_serializer="yaml", accept_content=["yaml"])
    CeleryTaskQueue(app).dispatch(_task())
    deadline = monotonic() + _PATIENCE
    while not (messages := valkey.messages()):
        assert monotonic() < deadline
    assert messages[0].content_type == "application/x-yaml"


@pytest.mark.no_cover
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_process_sends_its_hints_over_a_connection_of_its_own(broker: Broker) -> None:
    queue = CeleryTaskQueue(Celery(broker=broker.url))
    queue.dispatch(before := _task())
    queue._flush()
    in_child = _task()

    def act() -> None:
        queue.dispatch(in_child)
        queue._flush()

    child = run_in_fork(act)
    assert exit_code(child) == 0
    queue.dispatch(after := _task())
    seen: set[str] = set()
    assert [_arrives(broker, task, seen) for task in (before, in_child, after)] == [True] * 3


def test_idle_thread_ends_and_closes_its_connection(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(celery_task_queue, "_IDLE", 0.05)
    queue = CeleryTaskQueue(Celery(broker=broker.url))
    for _ in range(2):
        queue.dispatch(task := _task())
        assert _arrives(broker, task)
        deadline = monotonic() + _PATIENCE
        while queue._senders[-1]._is_started:
            assert monotonic() < deadline
        assert queue._senders[-1]._producer is None


def test_hints_beyond_what_the_thread_can_keep_are_dropped(black_hole: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(celery_task_queue, "_PATIENCE", 0.0001)
    queue = CeleryTaskQueue(Celery(broker=f"redis://127.0.0.1:{black_hole}//"))
    assert _longest_dispatch(queue, 300) < 1
    assert queue._senders[-1]._hints.qsize() <= celery_task_queue._MOST
    queue._flush()
