"""Many requests of one user at once, on a server that has few connections: the others go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Final

import pytest
from dependency_injector.providers import Object
from sqlalchemy import Connection, func, select, text

from tests.embedded_postgresql import embedded_postgresql
from ticket_export import Actor, Settings, TicketExportContainer, load_sample_data, upgrade
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.user_turns import UserTurns
from ticket_export.errors import JobDatabaseError, TooManyExportsError
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.persistence import export_job_repository

_THREADS: Final = 120
_SETTINGS: Final = {"max_connections": "40", "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
VIEW: Final = {"columns": ["id", "title"]}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server with 40 connections, three of which are for its administrator."""
    with embedded_postgresql(_SETTINGS) as url:
        yield url


@pytest.fixture
def container(server: str, tmp_path: Path) -> Iterator[TicketExportContainer]:
    container = TicketExportContainer()
    container.settings.override(Object(Settings(database_url=server, storage_url=tmp_path.as_uri())))
    upgrade(container.engine(), reference_schema=True)
    with container.engine().begin() as connection:
        if connection.execute(select(func.count()).select_from(container.tables().users)).scalar_one() == 0:
            connection.commit()
            tables = container.tables()
            load_sample_data(container.engine(), tables, tickets=2_000, seed=1, now=datetime.now(UTC))
    yield container
    with container.engine().begin() as connection:
        connection.execute(text('DELETE FROM "ExportJobs"'))
        connection.execute(text('DELETE FROM "BackgroundTasks"'))
    container.engine().dispose()


@pytest.fixture
def actor(container: TicketExportContainer) -> Actor:
    return actor_of(container, "admin@example.test")


def actor_of(container: TicketExportContainer, email_address: str) -> Actor:
    actor = container.user_directory().find_by_email(email_address)
    assert actor is not None
    return actor


def another(container: TicketExportContainer, actor: Actor) -> Actor:
    """Somebody else with the same rights."""
    with container.engine().connect() as connection:
        ids = connection.execute(select(container.tables().users.c.id)).scalars().all()
    user_id = next(each for each in ids if each != actor.user_id)
    return Actor(user_id=user_id, is_admin=True, permissions=actor.permissions)


def answers(number: int, call: Callable[[int], object]) -> Counter[str]:
    """How often each kind of answer was given to so many calls at once."""
    begin = Barrier(number)

    def answer(index: int) -> str:
        begin.wait(60)
        try:
            call(index)
        except (TooManyExportsError, JobDatabaseError) as error:
            return type(error).__name__
        return "answered"

    with ThreadPoolExecutor(number) as threads:
        return Counter(threads.map(answer, range(number)))


def test_120_requests_of_one_user_are_answered_or_refused_while_others_and_exports_go_on(
    container: TicketExportContainer, actor: Actor
) -> None:
    other = another(container, actor)
    running = [container.request_export()(other, {**VIEW, "searchTerm": str(number)}).id for number in range(4)]
    stop, is_over, trouble = StopSignal(), Event(), list[BaseException]()
    worker = Thread(target=container.worker().run, kwargs={"concurrency": 2, "stop": stop}, daemon=True)

    def others_call() -> None:
        while not is_over.is_set():
            try:
                container.list_exports()(other, page_size=10)
                container.get_export()(other, running[0])
            except Exception as error:  # noqa: BLE001 - whatever it is, the call did not go on
                trouble.append(error)
                return

    calls = Thread(target=others_call, daemon=True)
    worker.start()
    calls.start()
    try:
        given = answers(
            _THREADS, lambda index: container.request_export()(actor, {**VIEW, "searchTerm": f"printer {index}"})
        )
    finally:
        is_over.set()
        calls.join(60)
    states: list[str] = []
    try:
        waited = Event()
        for _ in range(600):
            states = [container.get_export()(other, each).status for each in running]
            if set(states) == {"completed"}:
                break
            waited.wait(0.1)
    finally:
        stop.give()
        worker.join(60)
    assert trouble == []
    assert set(states) == {"completed"}
    assert set(given) <= {"answered", "TooManyExportsError"}
    assert given["answered"] >= 5


@contextmanager
def held(container: TicketExportContainer, actor: Actor) -> Iterator[Connection]:
    """A transaction, such as one of the host's own, that keeps this user's exports."""
    with container.engine().connect() as connection, connection.begin():
        key = func.hashtextextended(str(actor.user_id), export_job_repository._LOCK_SEED)
        connection.execute(select(func.pg_advisory_xact_lock(key)))
        yield connection


def test_user_whose_requests_all_wait_takes_no_connection_from_others(
    container: TicketExportContainer, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_job_repository, "_LONGEST_WAIT", 0.5)
    turns, other = UserTurns(longest_wait=1), another(container, actor)
    pool = container.engine().pool
    most, is_over = 0, Event()

    def look() -> None:
        nonlocal most
        while not is_over.wait(0.01):
            most = max(most, pool.checkedout())  # type: ignore[attr-defined]

    looking = Thread(target=look, daemon=True)
    with held(container, actor):
        looking.start()
        requests = ThreadPoolExecutor(1).submit(
            answers,
            40,
            lambda index: container.request_export(turns=turns)(actor, {**VIEW, "searchTerm": f"printer {index}"}),
        )
        assert not container.request_export(turns=turns)(other, VIEW).already_requested
        assert requests.result(60) == {"JobDatabaseError": 40}
        is_over.set()
    looking.join(60)
    # The one that holds the lock, the one that waits for it, and the other user's.
    assert most <= 3


def test_message_says_what_a_request_waits_for(
    container: TicketExportContainer, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_job_repository, "_LONGEST_WAIT", 0.0)
    with held(container, actor), pytest.raises(JobDatabaseError, match="another transaction has locked the exports of"):
        container.request_export()(actor, VIEW)
    assert not container.request_export()(actor, VIEW).already_requested


def test_more_exports_than_the_pool_has_connections_run_at_once(
    container: TicketExportContainer, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each holds the connection that it reads over until all of them do, and then needs another one.
    number = 17
    together = Barrier(number)
    ids = []
    for index in range(number):
        request = container.request_export(task_queue=InMemoryTaskQueue(), max_active_jobs=0)
        ids.append(request(actor, {**VIEW, "searchTerm": f"printer {index}"}).id)
    met = set()

    def run(index: int) -> object:
        def on_progress(_progress: object) -> None:
            if index not in met:
                met.add(index)
                together.wait(timeout=60)

        return container.run_export()(ids[index], on_progress=on_progress).status

    with ThreadPoolExecutor(number) as threads:
        assert Counter(threads.map(run, range(number))) == {"completed": number}
