"""A worker on PostgreSQL, from the container: what it opens, and that it closes it again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Semaphore
from uuid import UUID

import pytest

from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from tests.integration.postgresql.test_queue_notifications import (
    HOUR,
    PATIENCE,
    listener_threads,
    listening_connections,
    terminate_listeners,
    until,
)
from tests.unit.infrastructure.worker_desk import at_work
from ticket_export import Actor, Settings, SystemPermissions, TicketExportContainer
from ticket_export.infrastructure.tasks import database_task_queue
from ticket_export.infrastructure.tasks.database_task_queue import DatabaseTaskQueue
from ticket_export.testing.entities import a_user

VIEW = {"columns": ["id"]}
CONNECTIONS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def a_container(url: str, folder: Path) -> TicketExportContainer:
    container = TicketExportContainer()
    container.settings.override(Settings(database_url=url, storage_url=folder.as_uri(), task_queue="database"))
    return container


@pytest.fixture
def worker(postgresql_url: str, tmp_path: Path) -> Iterator[TicketExportContainer]:
    container = a_container(postgresql_url, tmp_path)
    yield container
    container.engine().dispose()


@pytest.fixture
def requester(postgresql_url: str, tmp_path: Path) -> Iterator[TicketExportContainer]:
    container = a_container(postgresql_url, tmp_path)
    yield container
    container.engine().dispose()


@pytest.fixture
def actor(rows: PostgresqlRows) -> Actor:
    user = a_user()
    rows.put(user)
    permissions = SystemPermissions.IMPORT_EXPORT_TICKETS
    rows.give_roles(user.id, [permissions])
    return Actor(user_id=user.id, permissions=permissions)


def are_heard(worker: TicketExportContainer) -> bool:
    queue = worker.task_queue()
    assert isinstance(queue, DatabaseTaskQueue)
    return queue._notifications.are_heard


def request(container: TicketExportContainer, actor: Actor) -> UUID:
    return container.request_export()(actor, VIEW).id


def test_idle_worker_of_many_threads_listens_on_one_connection_and_takes_it_along(
    worker: TicketExportContainer, rows: PostgresqlRows
) -> None:
    with at_work(lambda stop: worker.worker().run(concurrency=4, stop=stop)):
        until(lambda: are_heard(worker))
        assert len(listening_connections(rows)) == 1
        assert len(listener_threads()) == 1
    assert listener_threads() == []
    until(lambda: listening_connections(rows) == [])
    worker.engine().dispose()
    until(lambda: rows.run(CONNECTIONS) == [])


def test_idle_worker_runs_what_others_request_though_it_hardly_ever_looks(
    worker: TicketExportContainer,
    requester: TicketExportContainer,
    actor: Actor,
    rows: PostgresqlRows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database_task_queue, "RARE_POLL_INTERVAL", HOUR)
    ended = Semaphore(0)
    with at_work(lambda stop: worker.worker().run(concurrency=2, stop=stop, on_end=lambda _job: ended.release())):
        for is_cut_off in (False, True, False):
            until(lambda: are_heard(worker))
            if is_cut_off:
                terminate_listeners(rows)
            job_id = request(requester, actor)
            assert ended.acquire(timeout=PATIENCE)
            assert requester.get_export()(actor, job_id).status == "completed"


def test_who_only_requests_listens_to_nothing(
    requester: TicketExportContainer, actor: Actor, rows: PostgresqlRows
) -> None:
    assert request(requester, actor) == request(requester, actor)
    assert listening_connections(rows) == []
    assert listener_threads() == []


def test_worker_that_drains_listens_to_nothing(
    worker: TicketExportContainer, actor: Actor, rows: PostgresqlRows
) -> None:
    request(worker, actor)
    worker.worker().drain(on_end=lambda _job: until(lambda: listener_threads() == []))
    assert listening_connections(rows) == []
