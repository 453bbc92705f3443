"""A call that waits for a lock of the host's own transaction ends with what the host can do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from tests.integration.persistence.sqlite_rows import SqliteRows
from tests.integration.postgresql.postgresql_rows import PostgresqlRows
from ticket_export import Actor, ConfigurationError, JobDatabaseError, SystemPermissions, TicketExportContainer
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.joined_unit_of_work import JoinedUnitOfWork
from ticket_export.testing.entities import a_user
from ticket_export.testing.memory import InMemoryTaskQueue

VIEW = {"columns": ["id"]}
ADVICE = r"commit it first, or call the use case inside it \(JoinedUnitOfWork, or Django's atomic\(\)\)$"


def ready(engine: Engine, rows: Any) -> tuple[TicketExportContainer, Actor]:
    user = a_user()
    rows.put(user)
    container = TicketExportContainer(engine=engine, task_queue=InMemoryTaskQueue())
    return container, Actor(user_id=user.id, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)


def begin_own(connection: Connection) -> None:
    connection.execute(sa.text('UPDATE "ExportJobs" SET "RowCount" = NULL WHERE false'))
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text('LOCK TABLE "ExportJobs"'))


def test_request_that_waits_for_the_hosts_transaction_says_so_on_sqlite(engine: Engine, rows: SqliteRows) -> None:
    @event.listens_for(engine, "connect")
    def wait_less(driver: Any, _entry: object) -> None:
        driver.execute("PRAGMA busy_timeout = 50")

    engine.dispose()
    container, actor = ready(engine, rows)
    with engine.begin() as connection:
        begin_own(connection)
        with pytest.raises(JobDatabaseError, match=r"busy_timeout.*If your own transaction holds the lock, " + ADVICE):
            container.request_export()(actor, VIEW)
        joined = JoinedUnitOfWork(connection)
        assert container.request_export(unit_of_work=lambda: joined)(actor, VIEW).status == "queued"


@pytest.fixture
def postgresql_engine(postgresql_url: str) -> Iterator[Engine]:
    engine = create_engine(postgresql_url)
    yield engine
    engine.dispose()


def test_request_that_waits_for_the_hosts_transaction_says_so_on_postgresql(
    postgresql_engine: Engine, postgresql_url: str
) -> None:
    container, actor = ready(postgresql_engine, PostgresqlRows(postgresql_url))
    with postgresql_engine.begin() as connection:
        begin_own(connection)
        with pytest.raises(JobDatabaseError, match=r"lock_timeout.*If your own transaction holds the lock, " + ADVICE):
            container.request_export()(actor, VIEW)
        joined = JoinedUnitOfWork(connection)
        assert container.request_export(unit_of_work=lambda: joined)(actor, VIEW).status == "queued"


def test_user_that_is_not_committed_yet_is_named_as_a_cause(postgresql_engine: Engine, postgresql_url: str) -> None:
    container, _ = ready(postgresql_engine, PostgresqlRows(postgresql_url))
    stranger = Actor(user_id=a_user().id, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)
    with pytest.raises(JobDatabaseError, match="not stored, or not committed yet"):
        container.request_export()(stranger, VIEW)


def test_request_inside_the_transaction_of_an_async_session(postgresql_engine: Engine, postgresql_url: str) -> None:
    container, actor = ready(postgresql_engine, PostgresqlRows(postgresql_url))
    queue = container.task_queue()
    assert isinstance(queue, InMemoryTaskQueue)

    def request(session: Session) -> Any:
        joined = JoinedUnitOfWork(session)
        return container.request_export(unit_of_work=lambda: joined)(actor, VIEW)

    async def go() -> None:
        engine = create_async_engine(sa.make_url(postgresql_url).set(drivername="postgresql+asyncpg"))
        try:
            async with AsyncSession(engine) as session:
                await session.run_sync(request)
                await session.rollback()
                assert container.list_exports()(actor).total == 0
                job = await session.run_sync(request)
                assert queue.dispatched == []
                await session.commit()
            assert len(queue.dispatched) == 1
            assert container.get_export()(actor, job.id).status == "queued"
        finally:
            await engine.dispose()

    asyncio.run(go())


def test_asynchronous_transaction_outside_of_run_sync_is_refused_with_what_to_do(
    postgresql_engine: Engine, postgresql_url: str
) -> None:
    advice = r"call the use case inside `await session\.run_sync\(…\)`, with JoinedUnitOfWork on the session"
    engine = create_async_engine(sa.make_url(postgresql_url).set(drivername="postgresql+asyncpg"))
    with pytest.raises(ConfigurationError, match=rf"^JoinedUnitOfWork cannot join an AsyncSession; {advice}"):
        JoinedUnitOfWork(AsyncSession(engine)).__enter__()  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=rf"^JoinedUnitOfWork cannot join an AsyncConnection; {advice}"):
        JoinedUnitOfWork(engine.connect()).__enter__()  # type: ignore[arg-type]
    with (
        Session(engine.sync_engine) as session,
        pytest.raises(ConfigurationError, match=rf"belongs to an asynchronous engine; {advice}"),
        JoinedUnitOfWork(session),
    ):
        pytest.fail("it was accepted")
    asyncio.run(engine.dispose())


def test_asynchronous_engine_is_refused_wherever_it_is_given(postgresql_url: str, tmp_path: Path) -> None:
    from ticket_export import upgrade

    engine = create_async_engine(sa.make_url(postgresql_url).set(drivername="postgresql+asyncpg"))
    with pytest.raises(
        ConfigurationError, match=r"^this engine cannot be used; .*\.create_engine\('postgresql://…'\)$"
    ):
        upgrade(engine.sync_engine, reference_schema=True)
    asyncio.run(engine.dispose())
