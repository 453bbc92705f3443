"""The migration `add_fair_share`, on the host's table of tasks and on ``ExportTasks``, with data and older code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
import sqlalchemy as sa
from alembic import command

from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.infrastructure import migrate
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.migrate import adopt, downgrade, upgrade
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.entities import a_task
from ticket_export.testing.stored_jobs.turns_of_shares import waiting

BEFORE, COLUMN = "add_export_tasks", "StartedAt"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A database with a host's tables, which an older version has made."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'desk.db'}")
    else:
        engine = create_engine(request.getfixturevalue("empty_postgresql_url"))
    host = [REFERENCE_TABLES.metadata.tables[name] for name in ("Users", "MediaItems", "BackgroundTasks")]
    REFERENCE_TABLES.metadata.create_all(engine, host)
    with engine.begin() as connection:
        connection.exec_driver_sql('DROP INDEX "IX_BackgroundTasks_ShareKey_StartedAt"')
        connection.exec_driver_sql(f'ALTER TABLE "BackgroundTasks" DROP COLUMN "{COLUMN}"')
    yield engine
    engine.dispose()


def parts(engine: sa.Engine, table: str) -> tuple[set[str], set[str]]:
    inspector = sa.inspect(engine)
    names = {column["name"] for column in inspector.get_columns(table)}
    return names & {COLUMN}, {str(each["name"]) for each in inspector.get_indexes(table) if "ShareKey" in str(each)}


def go_down(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        command.downgrade(migrate._EXPORT_JOBS.config(connection, SEED_TABLE_NAMES, own_tasks=True), BEFORE)


def test_the_hosts_table_gets_column_and_index_and_a_downgrade_takes_them_away(engine: sa.Engine) -> None:
    lines = upgrade(engine)
    added = [line for line in lines if line.startswith("BackgroundTasks")]
    assert added == [
        f"BackgroundTasks: added the column {COLUMN}",
        "BackgroundTasks: added the index IX_BackgroundTasks_ShareKey_StartedAt",
    ]
    assert parts(engine, "BackgroundTasks") == ({COLUMN}, {"IX_BackgroundTasks_ShareKey_StartedAt"})
    assert upgrade(engine) == ()
    downgrade(engine)
    assert parts(engine, "BackgroundTasks") == (set(), set())


def test_own_tasks_keep_their_rows_up_and_down(engine: sa.Engine) -> None:
    adopt(engine)
    task = attrs.evolve(waiting("a"), id=a_task().id)
    with SqlAlchemyUnitOfWork(engine) as work:
        work.tasks.add(task)
        work.commit()
    index = "IX_ExportTasks_ShareKey_StartedAt"
    assert parts(engine, "ExportTasks") == ({COLUMN}, {index})
    go_down(engine)
    assert parts(engine, "ExportTasks") == (set(), set())
    assert upgrade(engine) == (
        f"ExportTasks: added the column {COLUMN}",
        f"ExportTasks: added the index {index}",
    )
    with SqlAlchemyUnitOfWork(engine) as work:
        assert work.tasks.next_enqueued("export") == task


def test_a_worker_of_an_older_version_works_next_to_this_one(engine: sa.Engine) -> None:
    upgrade(engine)
    tasks = REFERENCE_TABLES.background_tasks
    task = waiting(None)
    known = {name: value for name, value in attrs.asdict(task).items() if name not in {"share_key", "started_at"}}
    with engine.begin() as connection:
        connection.execute(sa.insert(tasks), known)
        # It claims without saying when.
        older = attrs.evolve(waiting("a", later=-1), status=BackgroundTaskStatus.PROCESSING)
        connection.execute(sa.insert(tasks), attrs.asdict(older))
    with SqlAlchemyUnitOfWork(engine) as work:
        assert work.tasks.next_enqueued("export") == task
