"""Chaos over the example of a job engine, Procrastinate, whose messages are rows of the same PostgreSQL."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from procrastinate.schema import SchemaManager

from tests.embedded_postgresql import EmbeddedServer
from tests.engines.chaos_tests import DisturbedEngine, PostgresqlChaosTests
from ticket_export import Settings, TicketExportContainer
from ticket_export.ports import BackgroundTask, TaskQueue
from ticket_export.testing import JobEngine, TaskQueueContract
from ticket_export.testing.entities import a_task

EXAMPLES = Path(__file__).parents[2] / "examples"


class Broker:
    """The table of Procrastinate's messages. While it has another name, nothing can be sent or received."""

    def __init__(self, database_url: str) -> None:
        self.url = database_url
        self._run(SchemaManager.get_schema())

    def stop(self) -> None:
        self._run("ALTER TABLE procrastinate_jobs RENAME TO nothing")

    def start(self) -> None:
        self._run("ALTER TABLE nothing RENAME TO procrastinate_jobs")

    def flush(self) -> None:
        self._run("TRUNCATE procrastinate_jobs CASCADE")

    def hints_of(self, task: BackgroundTask) -> int:
        with psycopg.connect(self.url) as connection:
            query = "SELECT FROM procrastinate_jobs WHERE args ->> 'task_id' = %s"
            return connection.execute(query, [str(task.id)]).rowcount

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())


class Procrastinate(DisturbedEngine):
    def container(self, settings: Settings) -> TicketExportContainer:
        return TicketExportContainer(settings=settings, task_queue=queue_of(settings.database_url))

    def commands(self, folder: Path) -> Sequence[Sequence[str]]:
        engine = [sys.executable, "-m", "procrastinate", "--app=procrastinate_engine.engine.engine"]
        return [[*engine, "worker", "--concurrency=2"]] * 2

    def environment(self) -> Mapping[str, str]:
        return {"PYTHONPATH": os.pathsep.join([str(EXAMPLES), os.environ.get("PYTHONPATH", "")])}


def queue_of(database_url: str) -> TaskQueue:
    from procrastinate_engine.engine import ProcrastinateTaskQueue

    return ProcrastinateTaskQueue(database_url)


@pytest.fixture(autouse=True)
def _in_the_folder_of_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))


class TestProcrastinate(PostgresqlChaosTests):
    @pytest.fixture
    def engine(self, server: EmbeddedServer, database_url: str) -> JobEngine:
        return Procrastinate(Broker(database_url), server)


class TestProcrastinateTaskQueue(TaskQueueContract[TaskQueue]):
    broker: Broker

    @pytest.fixture
    def queue(self, empty_postgresql_url: str) -> TaskQueue:
        self.broker = Broker(empty_postgresql_url)
        return queue_of(empty_postgresql_url)

    def commit_task_behind(self, queue: TaskQueue) -> BackgroundTask:
        return a_task()

    def is_on_its_way_behind(self, queue: TaskQueue, task: BackgroundTask) -> bool:
        return self.broker.hints_of(task) > 0

    @contextmanager
    def away_behind(self, queue: TaskQueue) -> Iterator[None]:
        self.broker.stop()
        yield
        self.broker.start()

    def test_hint_that_waits_is_not_sent_again(self, queue: TaskQueue, caplog: pytest.LogCaptureFixture) -> None:
        task = a_task()
        for _ in range(3):
            queue.dispatch(task)
        assert self.broker.hints_of(task) == 1
        assert caplog.messages == []
