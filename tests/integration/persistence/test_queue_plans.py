"""No question that the queue asks again and again reads a table from end to end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs
import pytest
from sqlalchemy import event

from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import NOW, a_job, a_task, a_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from tests.integration.persistence.sqlite_rows import SqliteRows
    from ticket_export.domain.user import User

LONG_AGO = NOW - timedelta(days=30)
LATER = NOW + timedelta(days=30)
# Doubled so often, one row becomes more than 10,000.
DOUBLINGS = 14
STATUS_OF_TASK = "SEARCH BackgroundTasks USING INDEX IX_BackgroundTasks_Status_CreationTime (Status=?)"
EXPIRY = "SEARCH ExportJobs USING INDEX IX_ExportJobs_ExpiresAt_IsCleanedUp"
FOUND_BY = {
    "next_enqueued": STATUS_OF_TASK,
    "lapsed": STATUS_OF_TASK,
    "active_of": "SEARCH ExportJobs USING INDEX IX_ExportJobs_RequesterUserId (RequesterUserId=?)",
    "active_without_task": "SEARCH ExportJobs USING INDEX IX_ExportJobs_Status (Status=?)",
    "first page due": f"{EXPIRY} (ExpiresAt<?)",
    "next page due": f"{EXPIRY} (ExpiresAt>? AND ExpiresAt<?)",
}


@pytest.fixture
def requester() -> User:
    return a_user()


@pytest.fixture(params=[False, True], ids=["without statistics", "with statistics"])
def full_engine(request: pytest.FixtureRequest, engine: Engine, rows: SqliteRows, requester: User) -> Engine:
    """A database of many tasks and jobs that are done with, and of a few that are not."""
    rows.put(requester)
    rows.put(attrs.evolve(a_task(), status=BackgroundTaskStatus.COMPLETE, leased_until=None, creation_time=LONG_AGO))
    _multiply(rows, "BackgroundTasks", '"CreationTime"')
    done = a_job(requester, status=ExportJobStatus.COMPLETED, requested_at=LONG_AGO)
    rows.put(attrs.evolve(done, expires_at=LONG_AGO, is_cleaned_up=True))
    _multiply(rows, "ExportJobs", '"ExpiresAt"')
    for _ in range(3):
        somebody, task, lapsed = a_user(), BackgroundTask(name="export", creation_time=NOW), a_task()
        for entity in (somebody, task, lapsed):
            rows.put(entity)
        rows.put(a_job(somebody, background_task_id=task.id))
        rows.put(a_job(requester, status=ExportJobStatus.RUNNING, background_task_id=lapsed.id))
        rows.put(a_job(somebody))
    if request.param:
        rows.run("ANALYZE")
    return engine


def _multiply(rows: SqliteRows, table: str, moment: str) -> None:
    """Fill the table with copies of its one row, each with an id and a moment of its own."""
    names = [f'"{column["name"]}"' for column in rows.run(f'PRAGMA table_info("{table}")')]
    others = ", ".join(names[1:])
    for _ in range(DOUBLINGS):
        rows.run(
            f'INSERT INTO "{table}" ({", ".join(names)}) SELECT lower(hex(randomblob(16))), {others} FROM "{table}"'
        )
    rows.run(f"UPDATE \"{table}\" SET {moment} = datetime({moment}, rowid || ' seconds') || '.000000'")


def _plan(engine: Engine, ask: Callable[[SqlAlchemyUnitOfWork], object]) -> list[str]:
    """How SQLite finds the rows of every SELECT that the question sends, as it says itself."""
    sent: list[tuple[str, object]] = []

    def note(_connection: Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        sent.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    with SqlAlchemyUnitOfWork(engine) as unit_of_work:
        assert ask(unit_of_work), "a plan is worth looking at if there is something to find"
    event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        return [
            row.detail
            for statement, parameters in sent
            if statement.startswith("SELECT")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
        ]


def test_every_question_is_answered_from_an_index(full_engine: Engine, requester: User) -> None:
    seen_before = attrs.evolve(a_job(requester), expires_at=NOW)
    questions: dict[str, Callable[[SqlAlchemyUnitOfWork], object]] = {
        "next_enqueued": lambda work: work.tasks.next_enqueued("export"),
        "lapsed": lambda work: work.tasks.lapsed("export", now=LATER, limit=10),
        "active_of": lambda work: work.jobs.active_of(requester.id),
        "active_without_task": lambda work: work.jobs.active_without_task(limit=10),
        "first page due": lambda work: work.jobs.due_for_clean_up(now=LATER, after=None, limit=10),
        "next page due": lambda work: work.jobs.due_for_clean_up(now=LATER, after=seen_before, limit=10),
    }
    plans = {name: _plan(full_engine, ask) for name, ask in questions.items()}
    assert {name: plan[0] for name, plan in plans.items()} == FOUND_BY
    assert [step for plan in plans.values() for step in plan if step.startswith("SCAN")] == []
