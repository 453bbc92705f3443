"""The migration `add_export_database`, from the state before it and back, with data and next to older code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import attrs
import pytest
import sqlalchemy as sa
from alembic import command

from ticket_export.application.ports.audit_log import AuditAction
from ticket_export.infrastructure import migrate
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.testing.audit_log import an_entry
from ticket_export.testing.entities import a_completed_job, a_media_item, a_task, a_user

BEFORE = "add_export_audit_entries"
ENTRIES = REFERENCE_TABLES.export_audit_entries
NEW = {"StoragePlace", "ShareKey", "StartedAt", "ActorFacts"}


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A migrated database."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'desk.db'}")
    else:
        engine = create_engine(request.getfixturevalue("empty_postgresql_url"))
    upgrade(engine, reference_schema=True)
    yield engine
    engine.dispose()


def go_down(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        command.downgrade(migrate._EXPORT_JOBS.config(connection, SEED_TABLE_NAMES), BEFORE)


def rows(engine: sa.Engine, table: str, *, without: set[str] = NEW) -> list[dict[str, object]]:
    with engine.connect() as connection:
        found = connection.execute(sa.text(f'SELECT * FROM "{table}" ORDER BY "Id"')).mappings()
        return [{name: value for name, value in row.items() if name not in without} for row in found]


def test_all_rows_are_kept_up_and_down_but_those_that_the_older_state_cannot_hold(engine: sa.Engine) -> None:
    requester, media_item, task = a_user(), a_media_item(), a_task()
    with engine.begin() as connection:
        connection.execute(sa.insert(REFERENCE_TABLES.users), attrs.asdict(requester))
    with SqlAlchemyUnitOfWork(engine) as work:
        work.media_items.add(media_item)
        work.tasks.add(task)
        work.jobs.add(a_completed_job(requester, media_item, task))
        work.commit()
    log = SqlAlchemyAuditLog(engine)
    log.record(an_entry())
    kept = {name: rows(engine, name) for name in ("ExportJobs", "MediaItems", "BackgroundTasks", "ExportAuditEntries")}
    log.record(attrs.evolve(an_entry(), action=AuditAction.REFUSED, job_id=None))
    go_down(engine)
    assert {name: rows(engine, name) for name in kept} == kept
    upgrade(engine, reference_schema=True)
    assert {name: rows(engine, name) for name in kept} == kept
    log.record(attrs.evolve(an_entry(), job_id=None))


def test_an_older_version_works_next_to_this_one(engine: sa.Engine) -> None:
    # The statements of the older version name no new column.
    requester = a_user()
    with engine.begin() as connection:
        connection.execute(sa.insert(REFERENCE_TABLES.users), attrs.asdict(requester))
        for entity, table in ((a_media_item(), "media_items"), (a_task(), "background_tasks")):
            columns = getattr(REFERENCE_TABLES, table)
            known = {name: value for name, value in attrs.asdict(entity).items() if columns.c[name].name not in NEW}
            connection.execute(sa.insert(columns), known)
    with SqlAlchemyUnitOfWork(engine) as work:
        found = work.tasks.lapsed("export", now=a_task().leased_until or a_task().creation_time, limit=10)
    assert [(task.share_key, task.started_at) for task in found] == [(None, None)]


def test_each_database_gets_one_id_that_an_upgrade_keeps(engine: sa.Engine) -> None:
    database = REFERENCE_TABLES.export_database
    with engine.connect() as connection:
        ((first, chores),) = connection.execute(sa.select(database.c.id, database.c.chores)).all()
    assert isinstance(first, UUID)
    assert chores is None
    upgrade(engine, reference_schema=True)
    with engine.connect() as connection:
        assert connection.execute(sa.select(database.c.id)).scalars().all() == [first]
    go_down(engine)
    upgrade(engine, reference_schema=True)
    with engine.connect() as connection:
        assert connection.execute(sa.select(database.c.id)).scalars().all() != [first]
