"""What PostgreSQL is sent so that no two transactions take the same task, or count one user's jobs at once."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, Select, create_mock_engine, false, make_url, select, true
from sqlalchemy.sql.compiler import SQLCompiler

from tests.integration.persistence.sqlite_rows import SqliteRows
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.persistence.background_task_repository import SqlAlchemyBackgroundTaskRepository
from ticket_export.infrastructure.persistence.export_job_repository import SqlAlchemyExportJobRepository
from ticket_export.testing.entities import NOW

POSTGRESQL = make_url("postgresql+psycopg://").get_dialect()()


def sent_to_postgresql(ask: Callable[[Connection], object], engine: Engine) -> list[SQLCompiler]:
    """The statements of a question, in order; their answers come from an empty SQLite database instead."""
    sent: list[SQLCompiler] = []

    with engine.connect() as stand_in:
        driver = cast("sqlite3.Connection", stand_in.connection.driver_connection)
        driver.create_function("pg_column_size", 1, lambda _: 0)

        def answer(statement: Select[*tuple[object, ...]], parameters: Any = None) -> object:
            sent.append(statement.compile(dialect=POSTGRESQL))
            if "advisory" in sent[-1].string:
                return stand_in.execute(select(true()))
            # SQLite lacks this function of PostgreSQL's.
            return stand_in.execute(
                select(true()).where(false()) if "pg_column_size" in sent[-1].string else statement, parameters
            )

        ask(cast("Connection", create_mock_engine("postgresql+psycopg://", answer)))
    return sent


@pytest.mark.parametrize(
    ("ask", "order"),
    [
        (lambda tasks: tasks.next_enqueued("export"), '"CreationTime", "BackgroundTasks"."Id"'),
        (
            lambda tasks: tasks.lapsed("export", now=NOW, limit=10),
            '"LeasedUntil" NULLS FIRST, "BackgroundTasks"."CreationTime", "BackgroundTasks"."Id"',
        ),
    ],
    ids=["next_enqueued", "lapsed"],
)
def test_a_task_that_is_found_is_locked_and_one_that_is_locked_is_passed_over(
    engine: Engine, rows: SqliteRows, ask: Callable[[SqlAlchemyBackgroundTaskRepository], object], order: str
) -> None:
    rows.put(BackgroundTask(name="export", creation_time=NOW))
    *_, statement = sent_to_postgresql(
        lambda connection: ask(SqlAlchemyBackgroundTaskRepository(connection, REFERENCE_TABLES)), engine
    )
    ending = " ".join(statement.string.split(" ORDER BY ")[1].split())
    ending = re.sub(r"param_\d", "limit", ending)
    assert ending == f'"BackgroundTasks".{order} LIMIT %(limit)s::INTEGER FOR UPDATE SKIP LOCKED'


def test_a_users_jobs_are_counted_under_a_lock_of_that_users_alone(engine: Engine) -> None:
    def counted(user_id: UUID) -> list[SQLCompiler]:
        return sent_to_postgresql(
            lambda connection: SqlAlchemyExportJobRepository(connection, REFERENCE_TABLES).active_of(user_id), engine
        )

    one, other = uuid4(), uuid4()
    (lock, jobs), (lock_again, _), (lock_of_other, _) = counted(one), counted(one), counted(other)
    # Held until the transaction ends, and taken before the jobs are read.
    assert lock.string.startswith("SELECT pg_try_advisory_xact_lock(hashtextextended(")
    assert 'FROM "ExportJobs"' in jobs.string
    assert "FOR UPDATE" not in jobs.string
    assert lock.params == lock_again.params
    assert lock.params != lock_of_other.params
    assert str(one) in lock.params.values()
