"""The instants in the library's own tables are the real ones, however stored and whatever the session's zone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import attrs
import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from tests.postgresql_server import PostgresqlServer, conninfo
from ticket_export.application.ports.audit_log import AuditAction, AuditEntry
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.joined_unit_of_work import JoinedUnitOfWork
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import a_completed_job, a_job, a_media_item, a_task, a_user

if TYPE_CHECKING:
    Work = Callable[[UnitOfWork], Any]

OWN_TABLES = ("ExportJobs", "BackgroundTasks", "MediaItems", "ExportAuditEntries")
# The second is in the hour that New York's clocks show twice, the first in one that Berlin's skip.
MOMENTS = [datetime(2026, 3, 29, 2, 30, 0, 123_456, tzinfo=UTC), datetime(2025, 11, 2, 6, 30, 0, 1, tzinfo=UTC)]
TICK = timedelta(microseconds=1)
ZONE = "America/New_York"


@pytest.fixture(scope="module", params=["timestamp", "timestamptz"])
def stored(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def url(each_postgresql_server: PostgresqlServer, stored: str) -> Iterator[str]:
    """A database in New York's zone, with tables whose moments are stored so, as Django, EF and Rails make them."""
    with each_postgresql_server.database() as url:
        with closing(psycopg.connect(conninfo(url), autocommit=True)) as connection:
            database = sql.Identifier(connection.info.dbname)
            connection.execute(sql.SQL("ALTER DATABASE {} SET timezone = {}").format(database, ZONE))
            for table in OWN_TABLES:
                changes = [
                    sql.SQL("ALTER {} TYPE {}").format(sql.Identifier(column.name), sql.SQL(stored))
                    for column in REFERENCE_TABLES.metadata.tables[table].columns
                    if isinstance(column.type, sa.TypeDecorator) and isinstance(column.type.impl_instance, sa.DateTime)
                ]
                connection.execute(
                    sql.SQL("ALTER TABLE {} {}").format(sql.Identifier(table), sql.SQL(", ").join(changes))
                )
        yield url


@contextmanager
def own(url: str) -> Iterator[Callable[[Work], Any]]:
    engine = create_engine(url)

    def run(work: Work) -> Any:
        with SqlAlchemyUnitOfWork(engine) as unit_of_work:
            result = work(unit_of_work)
            unit_of_work.commit()
            return result

    yield run
    engine.dispose()


@contextmanager
def host(url: str, driver: str) -> Iterator[Callable[[Work], Any]]:
    engine = sa.create_engine(sa.make_url(url).set(drivername=f"postgresql+{driver}"))

    def run(work: Work) -> Any:
        with SqlAlchemyUnitOfWork(engine) as unit_of_work:
            result = work(unit_of_work)
            unit_of_work.commit()
            return result

    yield run
    engine.dispose()


@contextmanager
def joined(url: str, driver: str) -> Iterator[Callable[[Work], Any]]:
    """A connection of the host's whose session is in a third zone."""
    engine = sa.create_engine(sa.make_url(url).set(drivername=f"postgresql+{driver}"))

    def run(work: Work) -> Any:
        with engine.begin() as connection:
            connection.execute(sa.text("SET TimeZone TO 'Australia/Lord_Howe'"))
            with JoinedUnitOfWork(connection) as unit_of_work:
                result = work(unit_of_work)
                unit_of_work.commit()
                return result

    yield run
    engine.dispose()


@contextmanager
def session(url: str) -> Iterator[Callable[[Work], Any]]:
    engine = sa.create_engine(url)

    def run(work: Work) -> Any:
        with Session(engine) as orm, orm.begin(), JoinedUnitOfWork(orm) as unit_of_work:
            result = work(unit_of_work)
            unit_of_work.commit()
            return result

    yield run
    engine.dispose()


@contextmanager
def async_session(url: str) -> Iterator[Callable[[Work], Any]]:
    engine_url = sa.make_url(url).set(drivername="postgresql+asyncpg")

    def run(work: Work) -> Any:
        def in_session(orm: Session) -> Any:
            with JoinedUnitOfWork(orm) as unit_of_work:
                result = work(unit_of_work)
                unit_of_work.commit()
                return result

        async def go() -> Any:
            engine = create_async_engine(engine_url)
            try:
                async with AsyncSession(engine) as orm, orm.begin():
                    return await orm.run_sync(in_session)
            finally:
                await engine.dispose()

        return asyncio.run(go())

    yield run


WAYS = {
    "our engine": own,
    "psycopg": lambda url: host(url, "psycopg"),
    "psycopg2": lambda url: host(url, "psycopg2"),
    "joined psycopg": lambda url: joined(url, "psycopg"),
    "joined psycopg2": lambda url: joined(url, "psycopg2"),
    "session": session,
    "asyncpg": async_session,
}


@pytest.fixture(params=WAYS)
def run(url: str, request: pytest.FixtureRequest) -> Iterator[Callable[[Work], Any]]:
    with WAYS[request.param](url) as run:
        yield run


def instants(url: str, table: str, row_id: object) -> dict[str, datetime]:
    """The row's moments as the server counts them, from no zone at all."""
    with closing(psycopg.connect(conninfo(url))) as connection:
        connection.execute("SET TimeZone TO 'UTC'")
        columns = [
            name
            for (name,) in connection.execute(
                "SELECT column_name FROM information_schema.columns "
                "WHERE table_name = %s AND data_type LIKE 'timestamp%%'",
                [table],
            )
        ]
        cells = sql.SQL(", ").join(
            sql.SQL("(extract(epoch FROM {}) * 1000000)::bigint").format(sql.Identifier(name)) for name in columns
        )
        select = sql.SQL("SELECT {} FROM {} WHERE {} = %s").format(cells, sql.Identifier(table), sql.Identifier("Id"))
        row = connection.execute(select, [row_id]).fetchone()
    assert row is not None
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return {
        name: epoch + timedelta(microseconds=value)
        for name, value in zip(columns, row, strict=True)
        if value is not None
    }


@pytest.mark.parametrize("moment", MOMENTS, ids=["spring", "autumn"])
def test_stored_and_read_instants_are_the_real_ones(url: str, run: Callable[[Work], Any], moment: datetime) -> None:
    requester, media_item = a_user(), attrs.evolve(a_media_item(), creation_time=moment)
    task = attrs.evolve(a_task(), creation_time=moment, leased_until=moment + timedelta(seconds=30))
    job = attrs.evolve(
        a_completed_job(requester, media_item, task),
        requested_at=moment,
        completed_at=moment + timedelta(hours=1),
        expires_at=moment + timedelta(hours=72),
        is_cleaned_up=False,
    )

    def store(unit_of_work: UnitOfWork) -> None:
        unit_of_work.media_items.add(media_item)
        unit_of_work.tasks.add(task)
        unit_of_work.jobs.add(job)

    put_user(url, requester)
    run(store)
    assert instants(url, "ExportJobs", job.id) == {
        "RequestedAt": moment,
        "CompletedAt": moment + timedelta(hours=1),
        "ExpiresAt": moment + timedelta(hours=72),
        "CreationTime": job.creation_time,
        "LastModificationTime": job.last_modification_time,
    }
    assert instants(url, "BackgroundTasks", task.id)["LeasedUntil"] == moment + timedelta(seconds=30)
    assert instants(url, "MediaItems", media_item.id)["CreationTime"] == moment
    found = run(lambda unit_of_work: unit_of_work.jobs.find(job.id))
    assert found.requested_at == moment
    assert found.expires_at == job.expires_at
    assert found.background_task == task
    assert found.media_item == media_item
    assert {found.requested_at.tzinfo, found.media_item.creation_time.tzinfo} == {UTC}

    later = attrs.evolve(job, expires_at=moment + timedelta(hours=73))
    run(lambda unit_of_work: unit_of_work.jobs.update(later, was=ExportJobStatus.COMPLETED))
    assert instants(url, "ExportJobs", job.id)["ExpiresAt"] == later.expires_at


@pytest.mark.parametrize("moment", MOMENTS, ids=["spring", "autumn"])
def test_leases_and_expiries_end_at_their_microsecond(url: str, run: Callable[[Work], Any], moment: datetime) -> None:
    requester, name = a_user(), f"export {a_user().id}"
    processing = BackgroundTaskStatus.PROCESSING
    task = BackgroundTask(name=name, creation_time=moment, status=processing, leased_by="w", leased_until=moment)
    job = attrs.evolve(a_job(requester, requested_at=moment), expires_at=moment)

    def store(unit_of_work: UnitOfWork) -> None:
        unit_of_work.tasks.add(task)
        unit_of_work.jobs.add(job)

    put_user(url, requester)
    run(store)

    def lapsed(now: datetime) -> list[object]:
        return [each.id for each in run(lambda unit_of_work: unit_of_work.tasks.lapsed(name, now=now, limit=9))]

    def due(now: datetime, after: ExportJob | None = None) -> set[object]:
        found = run(lambda unit_of_work: unit_of_work.jobs.due_for_clean_up(now=now, after=after, limit=999))
        return {each.id for each in found}

    for now, is_over in ((moment - TICK, False), (moment, True), (moment + TICK, True)):
        assert lapsed(now) == ([task.id] if is_over else [])
        assert (job.id in due(now)) is is_over
    assert job.id not in due(moment + TICK, after=job)


def test_leases_of_two_processes_with_different_zones_agree(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moment, name = MOMENTS[1], f"export {a_user().id}"
    leased = BackgroundTask(
        name=name,
        creation_time=moment,
        status=BackgroundTaskStatus.PROCESSING,
        leased_by="w",
        leased_until=moment + timedelta(seconds=30),
    )
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    with own(url) as first:
        first(lambda unit_of_work: unit_of_work.tasks.add(leased))
        monkeypatch.setenv("PGTZ", "America/Los_Angeles")
        with own(url) as second:
            later = moment + timedelta(seconds=30)
            for run in (first, second):
                assert run(lambda unit_of_work: unit_of_work.tasks.find(leased.id)) == leased
                assert run(lambda unit_of_work: unit_of_work.tasks.lapsed(name, now=later - TICK, limit=9)) == []
                assert run(lambda unit_of_work: unit_of_work.tasks.lapsed(name, now=later, limit=9)) == [leased]


def test_audit_entries_have_the_real_instant(url: str) -> None:
    engine, job_id = create_engine(url), uuid4()
    entry = AuditEntry(action=AuditAction.REQUESTED, at=MOMENTS[1], job_id=job_id, actor_id=None, view="a view")
    SqlAlchemyAuditLog(engine).record(entry)
    with engine.connect() as connection:
        entries = REFERENCE_TABLES.export_audit_entries.c
        row = connection.execute(sa.select(entries.id, entries.at).where(entries.export_job_id == job_id)).one()
    engine.dispose()
    assert row.at == MOMENTS[1]
    assert instants(url, "ExportAuditEntries", row.id) == {"At": MOMENTS[1]}


def put_user(url: str, user: Any) -> None:
    with closing(psycopg.connect(conninfo(url))) as connection, connection:
        connection.execute(
            'INSERT INTO "Users" ("Id", "FirstName", "LastName", "EmailAddress") VALUES (%s, %s, %s, %s)',
            [user.id, user.first_name, user.last_name, user.email_address],
        )
