"""What the library promises of transactions holds on engines that a host has made."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.pool import ConnectionPoolEntry

from tests.migrated_sqlite import migrated_sqlite
from ticket_export.errors import ConfigurationError, JobDatabaseError
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import a_task

THREADS, TASKS = 4, 15


def plain(path: Path) -> Engine:
    return sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})


def with_begin(path: Path) -> Engine:
    """The recipe of SQLAlchemy's documentation for transactions that begin when they should."""
    engine = plain(path)

    def connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None

    sa.event.listen(engine, "connect", connect)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def own(path: Path) -> Engine:
    return create_engine(f"sqlite:///{path}")


@pytest.fixture(params=[plain, with_begin, own], ids=lambda made: made.__name__)
def host_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "host.db"
    migrated_sqlite(path).dispose()  # leaves the file in WAL mode
    make: Callable[[Path], Engine] = request.param
    engine = make(path)
    yield engine
    engine.dispose()


def test_units_of_work_that_read_before_they_write_do_not_fail_each_other(host_engine: Engine) -> None:
    task = a_task()
    with SqlAlchemyUnitOfWork(host_engine) as work:
        work.tasks.add(task)
        work.commit()
    failures: list[Exception] = []

    def count_up() -> None:
        for _ in range(TASKS):
            try:
                with SqlAlchemyUnitOfWork(host_engine) as work:
                    found = work.tasks.find(task.id)
                    assert found
                    found.task_step += 1
                    work.tasks.update(found, fencing_token=found.fencing_token)
                    work.commit()
            except Exception as error:  # noqa: BLE001 - whichever it is, the test shows it
                failures.append(error)

    threads = [threading.Thread(target=count_up, daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with SqlAlchemyUnitOfWork(host_engine) as work:
        counted = work.tasks.find(task.id)
    assert counted
    assert counted.task_step == task.task_step + THREADS * TASKS


@pytest.mark.parametrize("make", [plain, with_begin, own])
def test_migration_that_fails_leaves_nothing_behind(make: Callable[[Path], Engine], tmp_path: Path) -> None:
    engine = make(tmp_path / "host.db")
    hosts = [REFERENCE_TABLES.metadata.tables[name] for name in ("Users", "MediaItems", "BackgroundTasks")]
    REFERENCE_TABLES.metadata.create_all(engine, hosts)
    with engine.begin() as connection:
        connection.exec_driver_sql('CREATE INDEX "IX_ExportJobs_Status" ON "Users" ("Id")')
    before = sa.inspect(engine).get_table_names()
    with pytest.raises(Exception, match="IX_ExportJobs_Status"):
        upgrade(engine, reference_schema=False)
    assert sa.inspect(engine).get_table_names() == before
    engine.dispose()


def test_more_connections_than_a_process_may_have_are_waited_for_and_then_refused(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/many.db")
    assert engine.pool.timeout() == 30  # type: ignore[attr-defined]
    engine.pool._timeout = 0.01  # type: ignore[attr-defined]
    with ExitStack() as stack:
        for _ in range(15):
            stack.enter_context(engine.connect())
        with pytest.raises(JobDatabaseError, match="try again later"), SqlAlchemyUnitOfWork(engine):
            pass
    with SqlAlchemyUnitOfWork(engine):
        pass
    engine.dispose()


@pytest.mark.parametrize("url", ["sqlite://host/x", "sqlite:///x.db?timeout=abc"])
def test_sqlite_url_that_cannot_work_is_a_setting_that_cannot_work(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SQLite URL"):
        create_engine(url)
