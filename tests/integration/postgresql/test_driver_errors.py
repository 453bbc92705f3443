"""What PostgreSQL refuses, provoked for real, comes out in a sentence that anybody may read."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import attrs
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, make_url

from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from tests.postgresql_server import conninfo
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.help_desk.user_directory import SqlAlchemyUserDirectory
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.audit_log import an_entry
from ticket_export.testing.entities import a_job, a_task, a_user


def terminate(connection: Connection, rows: PostgresqlRows) -> None:
    """End the connection's server process, and wait until it is gone."""
    driver = connection.connection.driver_connection
    assert driver is not None
    (row,) = rows.run("SELECT pg_terminate_backend(%s, 10000) AS gone", driver.info.backend_pid)
    assert row["gone"]


def test_a_connection_that_is_terminated_in_the_middle_is_told_and_the_next_one_works(
    engine: Engine, rows: PostgresqlRows
) -> None:
    lost, kept = a_task(), a_task()
    with (
        pytest.raises(JobDatabaseError, match="the database cannot be reached, or refuses the connection"),
        SqlAlchemyUnitOfWork(engine) as unit_of_work,
    ):
        unit_of_work.tasks.add(lost)
        terminate(unit_of_work._connection, rows)
        unit_of_work.tasks.find(lost.id)
    with SqlAlchemyUnitOfWork(engine) as unit_of_work:
        unit_of_work.tasks.add(kept)
        unit_of_work.commit()
    assert rows.get(BackgroundTask, lost.id) is None
    assert rows.get(BackgroundTask, kept.id) == kept


def test_a_connection_that_is_terminated_before_the_commit_calls_nobody_after_it(
    engine: Engine, rows: PostgresqlRows
) -> None:
    task, called = a_task(), list[str]()
    with (
        pytest.raises(JobDatabaseError, match="cannot be reached"),
        SqlAlchemyUnitOfWork(engine) as unit_of_work,
    ):
        unit_of_work.tasks.add(task)
        unit_of_work.after_commit(lambda: called.append("called"))
        terminate(unit_of_work._connection, rows)
        unit_of_work.commit()
    assert rows.get(BackgroundTask, task.id) is None
    assert called == []


def test_a_block_that_fails_by_itself_keeps_its_error_where_the_connection_is_gone_too(
    engine: Engine, rows: PostgresqlRows
) -> None:
    with pytest.raises(KeyError, match="of the block"), SqlAlchemyUnitOfWork(engine) as unit_of_work:
        unit_of_work.tasks.add(a_task())
        terminate(unit_of_work._connection, rows)
        raise KeyError("of the block")


def test_connections_that_were_terminated_in_the_pool_harm_nobody(engine: Engine, rows: PostgresqlRows) -> None:
    task = a_task()
    with engine.connect() as first, engine.connect() as second:
        idle = [connection.connection.driver_connection for connection in (first, second)]
    for connection in idle:
        assert connection is not None
        rows.run("SELECT pg_terminate_backend(%s, 10000)", connection.info.backend_pid)
    for _ in range(2):
        SqlAlchemyAuditLog(engine).record(an_entry())
    with SqlAlchemyUnitOfWork(engine) as unit_of_work:
        unit_of_work.tasks.add(task)
        unit_of_work.commit()
    assert rows.get(BackgroundTask, task.id) == task


def test_a_connection_that_was_closed_in_the_pool_is_replaced(engine: Engine) -> None:
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
    driver.close()
    # Within a second of its last use, when only its socket is looked at.
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar_one() == 1


_ADVICE = (
    r"\. If your own transaction holds the lock, commit it first, or call the use case inside it "
    r"\(JoinedUnitOfWork, or Django's atomic\(\)\)"
)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (limit, rf"the database did not answer within its time limit \({limit}\); try again later{advice}")
        for limit, advice in (("lock_timeout", _ADVICE), ("statement_timeout", ""))
    ],
)
def test_a_row_that_somebody_keeps_locked_is_not_waited_for_longer_than_the_server_allows(
    engine: Engine, rows: PostgresqlRows, setting: str, told: str
) -> None:
    task = a_task()
    rows.put(task)
    with closing(psycopg.connect(conninfo(rows.url))) as other:
        other.execute('SELECT * FROM "BackgroundTasks" FOR UPDATE')
        with pytest.raises(JobDatabaseError, match=f"^{told}$"), SqlAlchemyUnitOfWork(engine) as unit_of_work:
            unit_of_work._connection.exec_driver_sql(f"SET LOCAL {setting} = '20ms'")
            unit_of_work.tasks.update(attrs.evolve(task, task_step=9), fencing_token=task.fencing_token)
    assert rows.get(BackgroundTask, task.id) == task


def test_one_of_two_that_wait_for_each_other_is_told_that_the_database_is_busy(
    engine: Engine, rows: PostgresqlRows
) -> None:
    first, second, lock = a_task(), a_task(), 'SELECT * FROM "BackgroundTasks" WHERE "Id" = %s FOR UPDATE'
    for task in (first, second):
        rows.put(task)
    with closing(psycopg.connect(conninfo(rows.url))) as other, ThreadPoolExecutor(1) as threads:
        # The other one never looks for a deadlock, so that it is the unit of work that finds it.
        other.execute("SET LOCAL deadlock_timeout = '1min'")
        other.execute(lock, [second.id])
        with (
            pytest.raises(JobDatabaseError, match="the database is busy or locked"),
            SqlAlchemyUnitOfWork(engine) as it,
        ):
            it._connection.exec_driver_sql("SET LOCAL deadlock_timeout = '20ms'")
            it.tasks.update(first, fencing_token=first.fencing_token)
            waiting = threads.submit(other.execute, lock, [first.id])
            # Whoever waits looks for a deadlock once, so the other one has to wait first.
            deadline = time.monotonic() + 60
            while not rows.run("SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted", other.info.backend_pid):
                assert time.monotonic() < deadline
                time.sleep(0.005)
            it.tasks.update(second, fencing_token=second.fencing_token)
        waiting.result(timeout=60)


def test_a_database_without_the_tables_lacks_a_table(empty_engine: Engine) -> None:
    with (
        pytest.raises(JobDatabaseError, match="lacks the table BackgroundTasks; run `ticket-export migrate`"),
        SqlAlchemyUnitOfWork(empty_engine) as it,
    ):
        it.tasks.add(a_task())
    with pytest.raises(JobDatabaseError, match="lacks the table ExportAuditEntries"):
        SqlAlchemyAuditLog(empty_engine).record(an_entry())
    with pytest.raises(JobDatabaseError, match="lacks the table Users"):
        SqlAlchemyUserDirectory(empty_engine).find_by_email("ann@example.test")


def test_a_table_without_a_column_lacks_a_column(engine: Engine, rows: PostgresqlRows) -> None:
    rows.run('ALTER TABLE "BackgroundTasks" DROP COLUMN "LeasedBy"')
    with (
        pytest.raises(JobDatabaseError, match="lacks the column LeasedBy of BackgroundTasks"),
        SqlAlchemyUnitOfWork(engine) as work,
    ):
        work.tasks.add(a_task())


def test_what_is_stored_already_is_refused(engine: Engine, rows: PostgresqlRows) -> None:
    task = a_task()
    rows.put(task)
    with (
        pytest.raises(JobDatabaseError, match="the database refused what is stored already"),
        SqlAlchemyUnitOfWork(engine) as unit_of_work,
    ):
        unit_of_work.tasks.add(task)


def test_a_reference_to_what_is_not_stored_is_refused(engine: Engine) -> None:
    told = "the database refused a reference to something that is not stored, or not committed yet"
    with pytest.raises(JobDatabaseError, match=told), SqlAlchemyUnitOfWork(engine) as unit_of_work:
        unit_of_work.jobs.add(a_job(a_user()))


@pytest.mark.parametrize(
    "setting", ["SET TRANSACTION READ ONLY", "SET LOCAL ROLE pg_read_all_data"], ids=["read-only", "no right"]
)
def test_who_may_only_read_is_told_so(engine: Engine, setting: str) -> None:
    with (
        pytest.raises(JobDatabaseError, match="the database refuses access, or is read-only"),
        SqlAlchemyUnitOfWork(engine) as unit_of_work,
    ):
        unit_of_work._connection.exec_driver_sql(setting)
        unit_of_work.tasks.add(a_task())


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"database": "a_database_that_is_not_there"},
        {"username": "somebody_unknown"},
        {"host": None, "query": {"host": "/nowhere"}},
        {"host": "127.0.0.1", "port": 1, "query": {}},
    ],
    ids=["no database", "no user", "no socket", "no server"],
)
def test_a_server_that_lets_nobody_in_is_told_without_its_name(
    postgresql_url: str, elsewhere: dict[str, object]
) -> None:
    engine = create_engine(make_url(postgresql_url).set(**elsewhere).render_as_string(hide_password=False))  # type: ignore[arg-type]
    with (
        pytest.raises(JobDatabaseError, match="the database cannot be reached, or refuses the connection"),
        SqlAlchemyUnitOfWork(engine),
    ):
        pytest.fail("the block was entered")
    engine.dispose()


def test_no_error_names_what_it_was_about(engine: Engine, rows: PostgresqlRows) -> None:
    task = attrs.evolve(a_task(), name="a secret of the host's")
    rows.put(task)
    with pytest.raises(JobDatabaseError) as raised, SqlAlchemyUnitOfWork(engine) as unit_of_work:
        unit_of_work.tasks.add(task)
    assert isinstance(raised.value.__cause__, sa.exc.IntegrityError)
    assert str(task.id) in str(raised.value.__cause__)
    assert str(task.id) not in str(raised.value)
