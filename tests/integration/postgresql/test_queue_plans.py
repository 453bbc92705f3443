"""On PostgreSQL too, no question that the queue asks again and again reads a table from end to end."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import Engine

from tests.integration.persistence.queue_questions import (
    put_a_job_that_is_done,
    put_a_task_that_is_done,
    put_what_is_active,
    questions,
    statements,
)
from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from tests.integration.postgresql.query_plans import explained
from ticket_export.domain.user import User
from ticket_export.infrastructure.tickets.postgresql.snapshot import driver_connection
from ticket_export.testing.entities import a_user

COPIES = 10_000
STATUS_OF_TASK = {"IX_BackgroundTasks_Status_CreationTime"}
LAST_START = {"IX_BackgroundTasks_ShareKey_StartedAt"}
# Which of two indexes it takes is the planner's business.
EXPIRY = {"IX_ExportJobs_ExpiresAt", "IX_ExportJobs_ExpiresAt_IsCleanedUp"}
FOUND_BY = {
    "next_enqueued": STATUS_OF_TASK,
    "next_enqueued with a limit": STATUS_OF_TASK,
    "lapsed": STATUS_OF_TASK,
    "active_of": {"IX_ExportJobs_RequesterUserId", "IX_ExportJobs_Status"},
    "active_without_task": {"IX_ExportJobs_Status"},
    "first page due": EXPIRY,
    "next page due": EXPIRY,
}


@pytest.fixture
def requester() -> User:
    return a_user()


@pytest.fixture
def full_engine(engine: Engine, rows: PostgresqlRows, requester: User) -> Engine:
    rows.put(requester)
    put_a_task_that_is_done(rows)
    _multiply(rows, "BackgroundTasks", "CreationTime")
    put_a_job_that_is_done(rows, requester)
    _multiply(rows, "ExportJobs", "ExpiresAt")
    put_what_is_active(rows, requester)
    rows.run("ANALYZE")
    return engine


def _multiply(rows: PostgresqlRows, table: str, moment: str) -> None:
    """Add copies of the table's one row, each with an id and a moment of its own."""
    changed = {"Id": "gen_random_uuid()", moment: f"\"{moment}\" + number * interval '1 second'"}
    found = rows.run("SELECT column_name FROM information_schema.columns WHERE table_name = %s", table)
    names = [row["column_name"] for row in found]
    values = ", ".join(changed.get(name, f'"{name}"') for name in names)
    quoted = ", ".join(f'"{name}"' for name in names)
    rows.run(f'INSERT INTO "{table}" ({quoted}) SELECT {values} FROM "{table}", generate_series(1, {COPIES}) number')


def test_every_question_is_answered_from_an_index(full_engine: Engine, requester: User) -> None:
    sent = {name: statements(full_engine, ask) for name, ask in questions(requester).items()}
    with full_engine.connect() as connection, psycopg.ClientCursor(driver_connection(connection)) as cursor:
        plans = {name: [explained(cursor, *each) for each in of_one] for name, of_one in sent.items()}
    for name, of_one in plans.items():
        for plan in of_one:
            assert plan.indexes & FOUND_BY[name], name
            assert not plan.scans("BackgroundTasks"), name
            assert not plan.scans("ExportJobs"), name
    assert plans["next_enqueued"][0].indexes == STATUS_OF_TASK | LAST_START
