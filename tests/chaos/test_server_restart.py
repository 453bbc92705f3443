"""The PostgreSQL server is restarted, or away for a while, in the middle of exports; or crashes.

Claimed: every job is Completed with exactly the right bytes, or Failed with a message that says why once its
attempts are used up; nothing is lost, nothing there twice, nothing readable by half, nothing left Running.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from signal import SIGCONT, SIGSTOP, SIGTERM

import pytest

from tests.chaos.arena import Arena
from tests.chaos.fault import Fault, Step
from tests.chaos.workers import WorkerProcess, Workers, wait_until, wait_until_ready
from tests.embedded_postgresql import EmbeddedServer, restartable_postgresql
from tests.postgresql_server import PostgresqlServer
from ticket_export.testing.engines.end_state import EndState
from ticket_export.testing.engines.views import everything

# More than what is on its way between server and worker holds, so that a COPY is under way for as long as it is paused.
_TICKETS = 6_000
_EXPORTS = 6
_MODES = pytest.mark.parametrize("mode", ["fast", "immediate"])


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """One that no other test uses, wherever theirs is."""
    with restartable_postgresql() as server:
        yield server


@pytest.fixture
def database_url(server: EmbeddedServer) -> Iterator[str]:
    databases = PostgresqlServer(server.url)
    with databases.database(migrated=False) as url:
        yield url


@_MODES
def test_exports_that_are_made_while_the_server_restarts_complete(
    mode: str, server: EmbeddedServer, arena: Arena, workers: Workers
) -> None:
    arena.fill(_TICKETS)
    _request_many(arena)
    # One is in the middle of a COPY, and one has to commit what the server is about to forget.
    paused = [
        workers.start(arena.settings, faults=[Fault(step, SIGSTOP, nth)])
        for step, nth in ((Step.WRITING, 2), (Step.COMPLETING, 1))
    ]
    _wait_until_paused(paused)
    workers.start(arena.settings)
    server.restart(mode)
    for worker in paused:
        worker.signal(SIGCONT)
    server.restart(mode)
    _wait_until_whole(arena, workers)


@_MODES
def test_exports_wait_for_a_server_that_is_away(
    mode: str, server: EmbeddedServer, arena: Arena, workers: Workers
) -> None:
    arena.fill(_TICKETS)
    _request_many(arena)
    reading = workers.start(arena.settings, faults=[Fault(Step.WRITING, SIGSTOP, 2)])
    _wait_until_paused([reading])
    server.stop(mode)
    reading.signal(SIGCONT)
    wait_until(lambda: "could not be stored" in reading.log.read_text("utf-8"), "the attempt is lost")
    server.start()
    _wait_until_whole(arena, workers)


@_MODES
def test_export_that_had_its_last_attempt_fails_and_says_why(
    mode: str, server: EmbeddedServer, arena: Arena, workers: Workers
) -> None:
    arena.fill(_TICKETS)
    job_id = arena.request(everything())
    # Nobody else takes it over, however long the restart takes.
    settings = arena.with_lease(600).model_copy(update={"max_attempts": 1})
    reading = workers.start(settings, faults=[Fault(Step.WRITING, SIGSTOP, 2)])
    _wait_until_paused([reading])
    server.restart(mode)
    reading.signal(SIGCONT)
    wait_until(lambda: arena.unfinished() == 0, "the export has ended")
    reading.signal(SIGTERM)
    assert reading.end() == 0, reading.log.read_text("utf-8")
    job = arena.show(job_id)
    assert (job.status, job.row_count, job.file_name) == ("failed", None, None)
    assert job.error_message == (
        "The export was given up; attempts that were lost: 1. "
        "The tickets could not be read: their database was unavailable or busy."
    )
    assert (arena.objects_of(job_id), arena.unfinished_files()) == ([], 0)


def _request_many(arena: Arena) -> None:
    for number in range(_EXPORTS):
        arena.request({**everything(), "timeZone": "Europe/Berlin", "sortField": "id", "columns": _columns(number)})


def _columns(number: int) -> Sequence[str]:
    # No two views are the same.
    columns: list[str] = [*everything()["columns"]]  # type: ignore[misc]
    return columns[number:] + columns[:number]


def _wait_until_paused(paused: Sequence[WorkerProcess]) -> None:
    for worker in paused:
        wait_until(lambda worker=worker: worker.is_stopped, "the worker is paused")  # type: ignore[misc]


def _wait_until_whole(arena: Arena, workers: Workers) -> None:
    wait_until(lambda: arena.unfinished() == 0, "all exports have ended")
    for worker in workers.started:
        wait_until_ready(worker)
        worker.signal(SIGTERM)
    for worker in workers.started:
        # Whoever finds no database as it starts ends; its supervisor starts it anew.
        assert worker.end() == 0 or not worker.is_ready, worker.log.read_text("utf-8")
    arena.container.sweep_orphaned_objects()()
    end = EndState.of(arena)
    assert len(end.jobs) == _EXPORTS
    end.require_whole()
    assert end.lost_attempts > 0
    assert arena.unfinished_files() == 0
