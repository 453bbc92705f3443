"""A purge and a forgotten user on the real databases, with foreign keys, locks and rows of other programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
import pytest
from dependency_injector.providers import Object
from sqlalchemy import Table, delete, func, insert, select, text, update

from tests.migrated_sqlite import migrated_sqlite
from ticket_export import Actor, ConfigurationError, HostTableNames, Settings, SystemPermissions, UserId, upgrade
from ticket_export import TicketExportContainer as Container
from ticket_export.application.file.export_file import object_key
from ticket_export.application.ports.export_database import DatabaseIdentity
from ticket_export.application.run.export_task import TASK_NAME, task_args
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUp
from ticket_export.application.use_cases.forget_user import Forgotten
from ticket_export.application.use_cases.purge_exports import Purge
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.user import User
from ticket_export.infrastructure.persistence.mapping import row_of
from ticket_export.ports import BackgroundTask, ColumnKind, ExportJob, TicketColumn, TicketColumns, UserDirectory
from ticket_export.testing.entities import a_job, a_media_item, a_user
from ticket_export.testing.memory import InMemoryTicketSource

LONG_AGO = datetime.now(UTC) - timedelta(days=400)
DAYS = timedelta(days=30)


class Everybody(UserDirectory):
    """Everybody may export."""

    def find(self, user_id: UserId) -> Actor:
        return actor_of(user_id)

    def find_by_email(self, email_address: str) -> None:
        return None


def actor_of(user_id: UserId) -> Actor:
    return Actor(user_id=user_id, is_admin=True, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)


@pytest.fixture(params=["sqlite", "postgresql"])
def container(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Container]:
    url = f"sqlite:///{tmp_path}/desk.db"
    if request.param == "sqlite":
        migrated_sqlite(tmp_path / "desk.db").dispose()
    else:
        url = request.getfixturevalue("postgresql_url")
    container = Container()
    settings = Settings(
        database_url=url, storage_url=(tmp_path / "files").as_uri(), audit_log="table", forget_audit="anonymise"
    )
    container.settings.override(Object(settings))
    container.user_directory.override(Object(Everybody()))
    yield container
    container.engine().dispose()


def put(container: Container, table: Table, entity: Any) -> None:
    with container.engine().begin() as connection:
        connection.execute(insert(table), row_of(entity, table))


def put_user(container: Container) -> User:
    user = a_user()
    put(container, container.tables().users, user)
    return user


def put_job(container: Container, user: User, *, name: str = TASK_NAME, **fields: Any) -> ExportJob:
    """A job that was cleaned up long ago."""
    job = attrs.evolve(
        a_job(user, status=ExportJobStatus.FAILED),
        is_cleaned_up=True,
        expires_at=LONG_AGO,
        last_modification_time=LONG_AGO,
        error_message="no",
        **fields,
    )
    task = BackgroundTask(name=name, args=task_args(job.id), creation_time=LONG_AGO)
    task.fail("no", LONG_AGO)
    put(container, container.tables().background_tasks, task)
    job.background_task_id = task.id
    put(container, container.tables().export_jobs, job)
    return job


def ids_in(container: Container, table: Table) -> set[Any]:
    with container.engine().connect() as connection:
        return set(connection.execute(select(table.c.id)).scalars())


def export(container: Container, user: User) -> Actor:
    """A completed export of that user, with a file."""
    actor = actor_of(user.id)
    job = container.request_export()(actor, {"columns": ["id"]})
    assert container.run_export()(job.id).status == "completed"
    return actor


def test_purge_deletes_old_jobs_of_this_library_with_their_tasks_and_no_other_row(container: Container) -> None:
    user, tables = put_user(container), container.tables()
    old = [put_job(container, user) for _ in range(3)]
    foreign = put_job(container, user, name="tickets.export")
    young = put_job(container, user)
    with container.engine().begin() as connection:
        now = datetime.now(UTC)
        jobs = tables.export_jobs
        connection.execute(update(jobs).where(jobs.c.id == young.id).values(last_modification_time=now))
    item = a_media_item()
    put(container, tables.media_items, item)
    assert container.purge_exports()() == Purge()
    assert container.purge_exports()(history=DAYS) == Purge(purged=len(old))
    assert ids_in(container, tables.export_jobs) == {foreign.id, young.id}
    assert ids_in(container, tables.background_tasks) == {foreign.background_task_id, young.background_task_id}
    assert ids_in(container, tables.media_items) == {item.id}


def test_row_that_cannot_be_read_or_deleted_stays_and_the_others_go(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    user, tables = put_user(container), container.tables()
    unreadable, referred, *others = [put_job(container, user) for _ in range(4)]
    with container.engine().begin() as connection:
        strange = {"s": "archived", "id": unreadable.id if connection.dialect.name != "sqlite" else unreadable.id.hex}
        connection.execute(text('UPDATE "ExportJobs" SET "Status" = :s WHERE "Id" = :id'), strange)
        kind = "uuid" if connection.dialect.name == "postgresql" else "char(32)"
        connection.execute(text(f'CREATE TABLE notes (job {kind} REFERENCES "ExportJobs" ("Id"))'))
        job_id = {"id": referred.id if connection.dialect.name != "sqlite" else referred.id.hex}
        connection.execute(text("INSERT INTO notes VALUES (:id)"), job_id)
    assert container.purge_exports()(history=DAYS) == Purge(purged=len(others), failed=1)
    assert ids_in(container, tables.background_tasks) == {unreadable.background_task_id, referred.background_task_id}
    assert f"export {referred.id} could not be purged" in caplog.text


@pytest.mark.parametrize("kept", ["export_jobs", "background_tasks", "media_items"])
@pytest.mark.parametrize("container", ["postgresql"], indirect=True)
def test_job_that_another_transaction_keeps_is_passed_over_at_once(container: Container, kept: str) -> None:
    user = put_user(container)
    first, second = (put_job(container, user) for _ in range(2))
    key = object_key(first, database=DatabaseIdentity(uuid4(), ""), attempt=1)
    storage = container.storage()
    with storage.open_writer(key, "text/csv") as writer:
        writer.write(b"of an export that another program has cleaned up")
    item = attrs.evolve(
        a_media_item(), object_key=key, file_storage_provider=storage.provider, storage_place=storage.place
    )
    put(container, container.tables().media_items, item)
    with container.engine().begin() as connection:
        jobs = container.tables().export_jobs
        connection.execute(update(jobs).where(jobs.c.id == first.id).values(media_item_id=item.id))
    table: Table = getattr(container.tables(), kept)
    row_ids = {"export_jobs": first.id, "background_tasks": first.background_task_id, "media_items": item.id}
    row_id = row_ids[kept]
    with container.engine().begin() as connection:
        connection.execute(select(table.c.id).where(table.c.id == row_id).with_for_update())
        before = datetime.now(UTC)
        assert container.purge_exports()(history=DAYS) == Purge(purged=1)
        assert datetime.now(UTC) - before < timedelta(seconds=4), "it waited for the lock"
    assert ids_in(container, container.tables().export_jobs) == {first.id}
    assert container.purge_exports()(history=DAYS) == Purge(purged=1)
    assert second.id != first.id


@pytest.mark.parametrize("container", ["postgresql"], indirect=True)
def test_clean_up_passes_over_a_file_whose_row_another_transaction_keeps(container: Container) -> None:
    user, tables = put_user(container), container.tables()
    export(container, user)
    with container.engine().begin() as connection:
        connection.execute(update(tables.export_jobs).values(expires_at=LONG_AGO))
    with container.engine().begin() as connection:
        connection.execute(select(tables.media_items.c.id).with_for_update())
        before = datetime.now(UTC)
        assert container.clean_up_expired_exports()() == CleanUp()
        assert datetime.now(UTC) - before < timedelta(seconds=4), "it waited for the lock"
    assert container.clean_up_expired_exports()() == CleanUp(cleaned_up=1)
    assert ids_in(container, tables.media_items) == set()


def test_forgotten_user_can_be_deleted_and_nothing_of_the_exports_is_left(container: Container, tmp_path: Path) -> None:
    user, other, tables = put_user(container), put_user(container), container.tables()
    put_job(container, user)
    theirs = put_job(container, other, last_modifier_user_id=user.id)
    container.request_export()(export(container, user), {"columns": ["title"]})
    export(container, other)
    with pytest.raises(Exception, match=r"(?i)foreign key"), container.engine().begin() as connection:
        connection.execute(delete(tables.users).where(tables.users.c.id == user.id))
    assert container.forget_user()(user.id) == Forgotten(ended=1, removed=3, cleared=1, anonymised=5)
    with container.engine().begin() as connection:
        assert connection.execute(delete(tables.users).where(tables.users.c.id == user.id)).rowcount == 1
        entries = tables.export_audit_entries.c
        named = select(func.count()).where(entries.actor_user_id == user.id)
        assert connection.execute(named).scalar_one() == 0
        jobs = tables.export_jobs.c
        assert connection.execute(select(jobs.last_modifier_user_id).where(jobs.id == theirs.id)).scalar_one() is None
    assert len(ids_in(container, tables.export_jobs)) == len(ids_in(container, tables.background_tasks)) == 2
    assert len(ids_in(container, tables.media_items)) == 1
    files = [path for path in (tmp_path / "files").rglob("tickets-*") if path.is_file()]
    assert len(files) == 2, "the file and the manifest of the other user"
    assert container.forget_user()(user.id) == Forgotten()
    assert container.forget_user()(uuid4()) == Forgotten()


def test_job_of_a_status_that_only_another_program_knows_stays_and_is_counted(container: Container) -> None:
    user = put_user(container)
    put_job(container, user, name="tickets.export")
    with container.engine().begin() as connection:
        connection.execute(text('UPDATE "ExportJobs" SET "Status" = \'archived\''))
    assert container.forget_user()(user.id) == Forgotten(left=1)


@pytest.mark.parametrize(("user_key", "mine", "other"), [(int, 7, 8), (str, "7", "ada@example.test")])
def test_user_who_is_in_no_table_is_forgotten_by_a_key_of_any_type(
    tmp_path: Path, user_key: type[int] | type[str], mine: UserId, other: UserId
) -> None:
    container, names = Container(), HostTableNames(users=None, user_key=user_key)
    settings = Settings(database_url=f"sqlite:///{tmp_path}/desk.db", storage_url=(tmp_path / "files").as_uri())
    container.settings.override(Object(settings))
    container.table_names.override(Object(names))
    container.user_directory.override(Object(Everybody()))
    columns = TicketColumns([TicketColumn(name="id", label="ID", kind=ColumnKind.NUMBER)])
    container.ticket_source.override(Object(InMemoryTicketSource(columns)))
    upgrade(container.engine(), names=names)
    for user_id in (mine, other):
        job = container.request_export()(actor_of(user_id), {"columns": ["id"]})
        assert container.run_export()(job.id).status == "completed"
    with pytest.raises(ConfigurationError, match="user_id is of type"):
        container.forget_user()("7" if user_key is int else 7)
    assert container.forget_user()(mine) == Forgotten(removed=1)
    assert container.list_exports()(actor_of(other)).items[0].requester_user_id == other
    container.engine().dispose()
