"""A heartbeat costs the same however many exports there have been."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import a_job, a_task, a_user


def _steps(engine: Engine, change: Callable[[SqlAlchemyUnitOfWork], object]) -> int:
    """How many instructions SQLite's machine takes for the change."""
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
    # The pool gives the unit of work the connection that it was given back last.
    with SqlAlchemyUnitOfWork(engine) as work:
        driver.set_progress_handler(step, 1)
        try:
            change(work)
        finally:
            driver.set_progress_handler(None, 1)
        work.commit()
    assert taken, "another connection made the change"
    return taken


@pytest.mark.parametrize("changed", ["task", "job"])
def test_update_does_not_look_through_other_jobs(engine: Engine, rows: SqliteRows, changed: str) -> None:
    requester, task = a_user(), a_task()
    job = a_job(requester, background_task_id=task.id)
    for entity in (requester, task, job):
        rows.put(entity)

    def update(work: SqlAlchemyUnitOfWork) -> None:
        if changed == "task":
            work.tasks.update(task, fencing_token=task.fencing_token)
        else:
            work.jobs.update(job, was=job.status)

    alone = _steps(engine, update)
    for _ in range(200):
        rows.put(a_job(requester))
    assert _steps(engine, update) < alone + 100
