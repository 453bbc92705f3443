"""A request commits or vanishes with the host's own transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from tests.integration.persistence.sqlite_rows import SqliteRows
from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from tests.migrated_sqlite import migrated_sqlite
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.joined_unit_of_work import JoinedUnitOfWork
from ticket_export.testing.entities import a_task

if TYPE_CHECKING:
    Rows = SqliteRows | PostgresqlRows

TEAM = sa.text("INSERT INTO \"Teams\" VALUES ('00000000-0000-0000-0000-000000000000', 'of the host')")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A database with both schemas."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{request.getfixturevalue('path')}"


@pytest.fixture
def engine(url: str, path: Path) -> Iterator[Engine]:
    engine = migrated_sqlite(path) if url.startswith("sqlite") else create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def rows(url: str, path: Path) -> Rows:
    return SqliteRows(path) if url.startswith("sqlite") else PostgresqlRows(url)


@pytest.fixture
def plain_engine(engine: Engine) -> Iterator[Engine]:
    """An engine as a host would make it, with the driver's own idea of transactions."""
    plain = sa.create_engine(engine.url)
    yield plain
    plain.dispose()


@pytest.fixture(params=["engine", "plain_engine"])
def host_engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine


@pytest.fixture
def task() -> BackgroundTask:
    return a_task()


@pytest.fixture
def called() -> list[str]:
    return []


def teams(rows: Rows) -> int:
    return len(rows.run('SELECT * FROM "Teams"'))


def join(
    host: Connection | Session | scoped_session[Session],
    task: BackgroundTask,
    called: list[str],
    *,
    commit: bool = True,
) -> JoinedUnitOfWork:
    """Add a task in a unit of work that joins the host's transaction."""
    with JoinedUnitOfWork(host) as unit_of_work:
        unit_of_work.tasks.add(task)
        unit_of_work.after_commit(lambda: called.append("called"))
        if commit:
            unit_of_work.commit()
    return unit_of_work


def test_a_joined_change_is_permanent_with_the_connections_commit(
    host_engine: Engine, rows: Rows, task: BackgroundTask, called: list[str]
) -> None:
    with host_engine.begin() as connection:
        connection.execute(TEAM)
        unit_of_work = join(connection, task, called)
        assert rows.get(BackgroundTask, task.id) is None
    assert rows.get(BackgroundTask, task.id) == task
    assert teams(rows) == 1
    assert called == []
    unit_of_work.committed()
    unit_of_work.committed()
    assert called == ["called"]


def test_a_joined_change_vanishes_with_the_connections_rollback(
    host_engine: Engine, rows: Rows, task: BackgroundTask, called: list[str]
) -> None:
    with host_engine.connect() as connection:
        join(connection, task, called)
        connection.rollback()
    assert rows.get(BackgroundTask, task.id) is None
    assert called == []


def test_joining_first_leaves_the_end_to_the_host(
    host_engine: Engine, rows: Rows, task: BackgroundTask, called: list[str]
) -> None:
    with host_engine.connect() as connection:
        join(connection, task, called)
        connection.execute(TEAM)
        assert rows.get(BackgroundTask, task.id) is None
        connection.commit()
    assert rows.get(BackgroundTask, task.id) == task
    assert teams(rows) == 1


def test_a_joined_unit_of_work_that_does_not_commit_undoes_its_own_changes_alone(
    host_engine: Engine, rows: Rows, task: BackgroundTask, called: list[str]
) -> None:
    with host_engine.begin() as connection:
        connection.execute(TEAM)
        unit_of_work = join(connection, task, called, commit=False)
    unit_of_work.committed()
    assert rows.get(BackgroundTask, task.id) is None
    assert teams(rows) == 1
    assert called == []


def test_an_exception_inside_undoes_the_joined_changes_alone(
    host_engine: Engine, rows: Rows, task: BackgroundTask
) -> None:
    with host_engine.begin() as connection:
        connection.execute(TEAM)
        with pytest.raises(KeyError), JoinedUnitOfWork(connection) as unit_of_work:
            unit_of_work.tasks.add(task)
            raise KeyError
    assert rows.get(BackgroundTask, task.id) is None
    assert teams(rows) == 1


def test_what_follows_a_joined_commit_is_undone_alone(host_engine: Engine, rows: Rows) -> None:
    first, second = a_task(), a_task()
    with host_engine.begin() as connection, JoinedUnitOfWork(connection) as unit_of_work:
        unit_of_work.tasks.add(first)
        unit_of_work.commit()
        unit_of_work.tasks.add(second)
    assert rows.get(BackgroundTask, first.id) == first
    assert rows.get(BackgroundTask, second.id) is None


def test_committed_is_refused_before_the_hosts_commit(engine: Engine, task: BackgroundTask, called: list[str]) -> None:
    with engine.begin() as connection:
        unit_of_work = join(connection, task, called)
        with pytest.raises(RuntimeError, match="still open"):
            unit_of_work.committed()
    assert called == []


def test_a_joined_change_is_permanent_with_the_sessions_commit(
    host_engine: Engine, rows: Rows, task: BackgroundTask, called: list[str]
) -> None:
    stored_when_called: list[object] = []
    with Session(host_engine) as session:
        session.execute(TEAM)
        with JoinedUnitOfWork(session) as unit_of_work:
            unit_of_work.tasks.add(task)
            unit_of_work.after_commit(lambda: stored_when_called.append(rows.get(BackgroundTask, task.id)))
            unit_of_work.commit()
        assert rows.get(BackgroundTask, task.id) is None
        session.commit()
        assert stored_when_called == [task]
        session.execute(sa.delete(REFERENCE_TABLES.teams))
        session.commit()
    assert stored_when_called == [task]
    assert teams(rows) == 0


@pytest.mark.parametrize("commits", [True, False])
def test_a_scoped_session_is_joined_as_the_threads_own_session(
    host_engine: Engine, rows: Rows, task: BackgroundTask, called: list[str], commits: bool
) -> None:
    # Such as Flask-SQLAlchemy's `db.session`.
    with closing(scoped_session(sessionmaker(host_engine))) as sessions:
        sessions.execute(TEAM)
        join(sessions, task, called)
        assert called == []
        sessions.commit() if commits else sessions.rollback()
    assert called == ["called"] * commits
    assert rows.get(BackgroundTask, task.id) == (task if commits else None)
    assert teams(rows) == commits


def test_a_joined_change_vanishes_with_the_sessions_rollback(
    host_engine: Engine, rows: Rows, task: BackgroundTask, called: list[str]
) -> None:
    with Session(host_engine) as session:
        join(session, task, called)
        session.rollback()
        session.execute(TEAM)
        session.commit()
    assert rows.get(BackgroundTask, task.id) is None
    assert teams(rows) == 1
    assert called == []


def test_a_joined_change_vanishes_with_a_session_that_is_closed(
    engine: Engine, rows: Rows, task: BackgroundTask, called: list[str]
) -> None:
    session = Session(engine)
    join(session, task, called)
    session.close()
    session.execute(TEAM)
    session.commit()
    session.close()
    assert rows.get(BackgroundTask, task.id) is None
    assert called == []


def test_a_savepoint_of_the_session_decides_for_what_was_done_inside_it(
    engine: Engine, rows: Rows, called: list[str]
) -> None:
    outside, kept, undone = a_task(), a_task(), a_task()
    with Session(engine) as session:
        join(session, outside, called)
        with session.begin_nested():
            join(session, kept, called)
        assert called == []
        with session.begin_nested() as savepoint:
            join(session, undone, called)
            savepoint.rollback()
        assert called == []
        session.commit()
    assert [rows.get(BackgroundTask, task.id) for task in (outside, kept, undone)] == [outside, kept, None]
    assert called == ["called", "called"]


def test_a_savepoint_around_a_released_one_decides_for_both(
    engine: Engine, rows: Rows, task: BackgroundTask, called: list[str]
) -> None:
    with Session(engine) as session:
        session.execute(TEAM)
        with session.begin_nested() as outer:
            with session.begin_nested():
                join(session, task, called)
            outer.rollback()
        session.commit()
    assert rows.get(BackgroundTask, task.id) is None
    assert teams(rows) == 1
    assert called == []


def test_a_rollback_undoes_what_a_released_savepoint_held(
    engine: Engine, rows: Rows, task: BackgroundTask, called: list[str]
) -> None:
    with Session(engine) as session:
        with session.begin_nested():
            join(session, task, called)
        session.rollback()
        session.execute(TEAM)
        session.commit()
    assert rows.get(BackgroundTask, task.id) is None
    assert called == []


def test_a_session_waits_for_several_units_of_work_one_after_another(
    engine: Engine, rows: Rows, called: list[str]
) -> None:
    with Session(engine) as session:
        for number_of_calls in (2, 4):
            join(session, a_task(), called)
            join(session, a_task(), called)
            session.commit()
            assert len(called) == number_of_calls


def test_a_joined_unit_of_work_without_commit_leaves_the_session_usable(
    engine: Engine, rows: Rows, task: BackgroundTask, called: list[str]
) -> None:
    with Session(engine) as session:
        session.execute(TEAM)
        join(session, task, called, commit=False)
        session.commit()
    assert rows.get(BackgroundTask, task.id) is None
    assert teams(rows) == 1
    assert called == []


def test_what_was_rolled_back_is_not_announced_with_the_next_commit(
    host_engine: Engine, rows: Rows, called: list[str]
) -> None:
    with host_engine.connect() as connection:
        unit_of_work = JoinedUnitOfWork(connection)
        for name in ("undone", "kept"):
            with unit_of_work:
                unit_of_work.tasks.add(a_task())
                unit_of_work.after_commit(lambda name=name: called.append(name))  # type: ignore[misc]
                unit_of_work.commit()
            connection.rollback() if name == "undone" else connection.commit()
    unit_of_work.committed()
    assert called == ["kept"]
    assert len(rows.run('SELECT * FROM "BackgroundTasks"')) == 1


def test_a_database_that_fails_inside_is_told_safely_and_leaves_the_hosts_changes(
    host_engine: Engine, rows: Rows, task: BackgroundTask
) -> None:
    rows.put(task)
    with host_engine.begin() as connection:
        connection.execute(TEAM)
        with pytest.raises(JobDatabaseError, match="the database refused what is stored already") as raised:
            join(connection, task, [])
    assert isinstance(raised.value.__cause__, IntegrityError)
    assert teams(rows) == 1


def test_what_the_host_does_around_it_raises_what_it_always_did(
    engine: Engine, rows: Rows, task: BackgroundTask
) -> None:
    refuse_at_the_commit = "PRAGMA defer_foreign_keys = ON"
    if engine.dialect.name == "postgresql":
        rows.run('ALTER TABLE "RoleUser" ALTER CONSTRAINT "FK_RoleUser_Users_UsersId" DEFERRABLE')
        rows.run('ALTER TABLE "RoleUser" ALTER CONSTRAINT "FK_RoleUser_Roles_RolesId" DEFERRABLE')
        refuse_at_the_commit = "SET CONSTRAINTS ALL DEFERRED"
    with Session(engine) as session:
        join(session, task, [])
        session.execute(sa.text(refuse_at_the_commit))
        session.execute(sa.insert(REFERENCE_TABLES.role_user).values(roles_id=uuid4(), users_id=uuid4()))
        with pytest.raises(DBAPIError, match="nowhere"), session.begin_nested():
            session.execute(sa.text("SELECT * FROM nowhere"))
        with pytest.raises(IntegrityError):
            session.commit()


def test_a_host_that_cannot_be_joined_is_told_safely(engine: Engine, task: BackgroundTask) -> None:
    connection = engine.connect()
    connection.close()
    with pytest.raises(JobDatabaseError, match="the database failed; the log has the cause"):
        join(connection, task, [])
