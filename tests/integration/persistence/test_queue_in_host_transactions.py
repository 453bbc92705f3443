"""Requests that are part of a host's own transactions keep to the user's limit too, on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export.infrastructure.persistence.joined_unit_of_work import JoinedUnitOfWork
from ticket_export.testing.entities import a_job, a_user

REQUESTS = 6
LIMIT = 3


@pytest.fixture(params=["the library's engine", "an engine of the host's own making"])
def host_engine(request: pytest.FixtureRequest, engine: Engine, path: Path) -> Iterator[Engine]:
    if request.param == "the library's engine":
        yield engine
        return
    plain = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
    yield plain
    plain.dispose()


def test_requests_at_once_wait_for_each_other_instead_of_being_refused(host_engine: Engine, rows: SqliteRows) -> None:
    requester = a_user()
    rows.put(requester)
    all_have_begun = Barrier(REQUESTS)

    def requests(_number: int) -> bool:
        with host_engine.begin() as connection, JoinedUnitOfWork(connection) as unit_of_work:
            all_have_begun.wait(timeout=60)
            if len(unit_of_work.jobs.active_of(requester.id)) >= LIMIT:
                return False
            unit_of_work.jobs.add(a_job(requester))
            unit_of_work.commit()
            return True

    with ThreadPoolExecutor(REQUESTS) as threads:
        assert sum(threads.map(requests, range(REQUESTS))) == LIMIT
    assert len(rows.run('SELECT * FROM "ExportJobs"')) == LIMIT
