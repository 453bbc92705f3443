"""No question that the queue asks again and again reads a table from end to end."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.integration.persistence.queue_questions import (
    Question,
    put_a_job_that_is_done,
    put_a_task_that_is_done,
    put_what_is_active,
    questions,
    statements,
)
from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export.domain.user import User
from ticket_export.testing.entities import a_user

# Doubled so often, one row becomes more than 10,000.
DOUBLINGS = 14
STATUS_OF_TASK = "SEARCH BackgroundTasks USING INDEX IX_BackgroundTasks_Status_CreationTime (Status=?)"
EXPIRY = "SEARCH ExportJobs USING INDEX IX_ExportJobs_ExpiresAt_IsCleanedUp"
FOUND_BY = {
    "next_enqueued": STATUS_OF_TASK,
    "next_enqueued with a limit": "SEARCH running USING INDEX IX_ExportJobs_Status (Status=?)",
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
    rows.put(requester)
    put_a_task_that_is_done(rows)
    _multiply(rows, "BackgroundTasks", '"CreationTime"')
    put_a_job_that_is_done(rows, requester)
    _multiply(rows, "ExportJobs", '"ExpiresAt"')
    put_what_is_active(rows, requester)
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


def _plan(engine: Engine, ask: Question) -> list[str]:
    """How SQLite finds the rows, as it says itself."""
    sent = statements(engine, ask)
    with engine.connect() as connection:
        return [
            row.detail
            for statement, parameters in sent
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
        ]


def test_every_question_is_answered_from_an_index(full_engine: Engine, requester: User) -> None:
    plans = {name: _plan(full_engine, ask) for name, ask in questions(requester).items()}
    assert {name: _first_search(plan) for name, plan in plans.items()} == FOUND_BY
    # What is in memory already may be read from end to end.
    scans = {step for plan in plans.values() for step in plan if step.startswith("SCAN")}
    assert scans <= {"SCAN waiting"}
    last_start = "SEARCH started USING INDEX IX_BackgroundTasks_ShareKey_StartedAt (ShareKey=? AND StartedAt<?)"
    assert last_start in plans["next_enqueued"]


def _first_search(plan: list[str]) -> str:
    return next(step for step in plan if step.startswith("SEARCH"))
