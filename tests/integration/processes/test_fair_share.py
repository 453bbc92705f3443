"""One user's many large exports, another one's small one, and workers that stand still while they choose."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import select, text

from tests.integration.processes.desk import Desk
from tests.unit.infrastructure.worker_desk import PATIENCE, at_work
from ticket_export import JoinedUnitOfWork, load_sample_data, upgrade
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.errors import JobDatabaseError

# `make test` takes fewer rows.
ROWS = 3_000 if os.environ.get("TICKET_EXPORT_TEST_SAMPLE") else 100_000
LARGE, SMALL = 20, 100
LONGEST_LOCK = 3.0
IDLE = text("SELECT current_setting('idle_in_transaction_session_timeout')")


@pytest.fixture(params=["sqlite", "postgresql"])
def large_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'desk.db'}" if is_sqlite else request.getfixturevalue("empty_postgresql_url")
    desk = Desk(url, tmp_path, max_active_jobs_per_user=0)
    engine = desk.container.engine()
    upgrade(engine, reference_schema=True)
    load_sample_data(engine, desk.container.tables(), tickets=ROWS, seed=1, now=desk.container.clock().now())
    yield desk
    desk.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_small_export_is_the_next_to_start_although_twenty_large_ones_wait(large_desk: Desk, workers: int) -> None:
    desk = large_desk
    url = desk.container.settings().database_url
    for _ in range(LARGE):
        desk.request()
    other = desk.container.user_directory().find_by_email("staff@example.test")
    assert other is not None
    with ExitStack() as at_the_end:
        for _ in range(workers):
            worker = desk.another(url).worker()
            at_the_end.enter_context(at_work(lambda stop, run=worker.run: run(stop=stop)))  # type: ignore[misc]
        wait_until(lambda: len(starts(desk)) >= workers)
        view = {"columns": ["id"], "filters": [{"field": "id", "operator": "lte", "value": SMALL}]}
        small = desk.container.request_export()(other, view).id
        requested = desk.container.clock().now()
        wait_until(lambda: desk.status(small) == "completed")
    (own,) = [start for key, start in starts(desk) if key == str(other.user_id)]
    assert [start for _, start in starts(desk) if requested < start < own] == []


def starts(desk: Desk) -> list[tuple[str, datetime]]:
    """The shares and the moments of all exports that were started."""
    tasks = desk.container.tables().background_tasks.c
    with desk.container.engine().connect() as connection:
        found = connection.execute(select(tasks.share_key, tasks.started_at).where(tasks.started_at.is_not(None)))
        return [(key, start) for key, start in found]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE
    while not is_so():
        assert monotonic() < deadline, "it does not happen"
        sleep(0.01)


def test_a_worker_that_stands_still_while_it_chooses_stops_the_others_for_seconds_only(desk: Desk) -> None:
    first = desk.request()
    with desk.container.unit_of_work() as work:
        task = work.tasks.next_enqueued(TASK_NAME)
        assert task is not None
        # It stands still here. Its server's session ends before the others give up.
        begun = monotonic()
        attempt = desk.container.claims().claim_next()
        assert attempt is not None
        assert attempt.job.id == first
        assert monotonic() - begun < LONGEST_LOCK + 1.5
        with pytest.raises(JobDatabaseError), desk.container.unit_of_work() as late:
            work.tasks.update(task, fencing_token=0)
            late.commit()


def test_a_worker_that_dies_while_it_chooses_stops_nobody(desk: Desk) -> None:
    first = desk.request()
    with desk.container.unit_of_work() as work:
        assert work.tasks.next_enqueued(TASK_NAME)
        begun = monotonic()
    attempt = desk.container.claims().claim_next()
    assert attempt is not None
    assert attempt.job.id == first
    assert monotonic() - begun < LONGEST_LOCK


def test_transaction_of_the_hosts_keeps_its_limit(desk: Desk) -> None:
    desk.request()
    for limit in ("77s", "0", "1s"):
        with desk.container.engine().begin() as connection:
            connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = '{limit}'")
            before = connection.execute(IDLE).scalar_one()
            with JoinedUnitOfWork(connection) as work:
                assert work.tasks.next_enqueued(TASK_NAME)
                work.commit()
            assert connection.execute(IDLE).scalar_one() == before
