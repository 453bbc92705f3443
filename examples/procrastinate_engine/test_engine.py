"""Exports run without a worker of the library. TICKET_EXPORT_DATABASE_URL names a new database on PostgreSQL."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

import ticket_export as te
from procrastinate_engine.engine import container, engine, settings

PATIENCE = 60.0  # seconds
COLUMNS = (["id"], ["id", "title"], ["title"], ["title", "id"])


@pytest.fixture(scope="module")
def admin() -> te.Actor:
    te.upgrade(container.engine(), reference_schema=True)
    load = te.load_sample_data
    load(container.engine(), container.tables(), tickets=100, seed=1, now=datetime.now(UTC))
    with engine.open():
        engine.schema_manager.apply_schema()
    actor = container.user_directory().find_by_email("admin@example.test")
    assert actor
    return actor


@contextmanager
def running_worker() -> Iterator[subprocess.Popen[bytes]]:
    """Run Procrastinate's own worker in a process of its own."""
    command = [sys.executable, "-m", "procrastinate", "--app=procrastinate_engine.engine.engine", "worker"]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], env=os.environ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def locked(table: str) -> Iterator[None]:
    """Keep the table locked, so that all who use it wait."""
    with psycopg.connect(settings.database_url) as connection:
        connection.execute(f'LOCK TABLE "{table}"'.encode())
        yield


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(0.05)


def request(admin: te.Actor, *columns: str) -> UUID:
    return container.request_export()(admin, {"columns": columns}).id


def has_status(admin: te.Actor, job_id: UUID, status: str) -> bool:
    job = container.get_export()(admin, job_id)
    assert job.status != "failed", job.error_message
    return job.status == status


def hints() -> int:
    with psycopg.connect(settings.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'take_next_export'")
        return int(row.fetchall()[0][0])


def test_a_hint_runs_each_export(admin: te.Actor) -> None:
    jobs = [request(admin, *columns) for columns in COLUMNS]
    with running_worker():
        wait_until(lambda: all(has_status(admin, job, "completed") for job in jobs))
        wait_until(lambda: hints() == 0)  # and stays nowhere afterwards


def test_housekeeping_replaces_a_hint_that_was_lost(admin: te.Actor) -> None:
    job = request(admin, "title", "status")
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("DELETE FROM procrastinate_jobs")
    with running_worker():
        wait_until(lambda: has_status(admin, job, "completed"))


def test_a_request_succeeds_while_the_queue_does_not_answer(admin: te.Actor) -> None:
    with locked("procrastinate_jobs"):
        started = time.monotonic()
        job = request(admin, "status", "title")
        assert time.monotonic() - started < 4  # 1 s, on a busy machine too
    assert hints() == 0
    with running_worker():
        wait_until(lambda: has_status(admin, job, "completed"))


def test_the_export_of_a_killed_worker_runs_again(admin: te.Actor) -> None:
    job = request(admin, "id", "status")
    with locked("Tickets"), running_worker() as first:
        wait_until(lambda: has_status(admin, job, "running"))
        first.kill()
        first.wait(PATIENCE)
    with running_worker():
        wait_until(lambda: has_status(admin, job, "completed"))


def test_a_worker_that_stops_hands_its_export_back(admin: te.Actor) -> None:
    job = request(admin, "status", "id")
    with locked("Tickets"), running_worker() as first:
        wait_until(lambda: has_status(admin, job, "running"))
        first.send_signal(signal.SIGTERM)
        first.wait(PATIENCE)
        assert has_status(admin, job, "queued")  # although no other process has looked for it
    with running_worker():
        wait_until(lambda: has_status(admin, job, "completed"))
