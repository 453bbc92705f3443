"""A SQLite that was built to take few parameters in a statement is asked for few at a time."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

from sqlalchemy import Engine, event

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import a_job, a_user

# SQLite's own limit before its version 3.32.
PARAMETERS = 999


def test_many_ids_are_found_within_the_smallest_limit_of_parameters(engine: Engine, rows: SqliteRows) -> None:
    def limit(connection: sqlite3.Connection, _entry: object) -> None:
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, PARAMETERS)

    engine.dispose()
    event.listen(engine, "connect", limit)
    requester = a_user()
    rows.put(requester)
    jobs = [a_job(requester) for _ in range(5)]
    for job in jobs:
        rows.put(job)
    with SqlAlchemyUnitOfWork(engine) as unit_of_work:
        found = unit_of_work.jobs.find_all([*(job.id for job in jobs), *(uuid4() for _ in range(3 * PARAMETERS))])
    assert {job.id for job in found} == {job.id for job in jobs}
