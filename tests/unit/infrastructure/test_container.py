"""Overriding a provider swaps the part in everything that is built from it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from time import sleep
from typing import Any, Literal
from uuid import UUID

import pytest
from dependency_injector import providers
from dependency_injector.providers import Factory, Object, Singleton

from tests.unit.application.use_cases.help_desk import COLUMNS, NOW, VIEW, HelpDesk
from tests.unit.infrastructure.worker_desk import PATIENCE
from ticket_export import Actor, CsvFormat, ExportPolicy, Settings, SystemPermissions, TicketExportContainer
from ticket_export.application.file.export_file import database_prefix, manifest_key, object_key, owner_key
from ticket_export.application.use_cases.housekeep import Chore
from ticket_export.application.use_cases.recover_stalled_exports import Recovery
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import build_help_desk_tables
from ticket_export.infrastructure.logging_audit_log import LoggingAuditLog
from ticket_export.infrastructure.memory.audit_log import InMemoryAuditLog
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.database import InMemoryDatabase
from ticket_export.infrastructure.memory.export_events import InMemoryExportEvents
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicketSource
from ticket_export.infrastructure.memory.unit_of_work import InMemoryUnitOfWork
from ticket_export.infrastructure.memory.user_directory import InMemoryUserDirectory
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES, HostTableNames
from ticket_export.infrastructure.storage.local.storage import LocalStorage
from ticket_export.infrastructure.tasks.database_task_queue import DatabaseTaskQueue
from ticket_export.infrastructure.tasks.inline_task_queue import InlineTaskQueue
from ticket_export.infrastructure.tasks.silent_task_queue import SilentTaskQueue
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.ports import ExportJob, TaskQueue, User
from ticket_export.testing.entities import AN_ACTOR


@pytest.fixture
def container(tmp_path: Path) -> TicketExportContainer:
    container = TicketExportContainer()
    container.settings.override(
        Object(
            Settings(
                database_url=f"sqlite:///{tmp_path}/desk.db",
                storage_url=(tmp_path / "files").as_uri(),
                retention_hours=5,
                task_queue="inline",
                lease_seconds=7,
                stall_seconds=11,
                storage_patience_seconds=13,
                max_attempts=2,
                max_active_jobs_per_user=4,
                formula_guard=False,
                csv_bom=False,
            )
        )
    )
    return container


class InMemory:
    """Every port of the container on its in-memory adapter."""

    def __init__(self, container: TicketExportContainer) -> None:
        self.container = container
        self.database = InMemoryDatabase()
        self.users = InMemoryUserDirectory(self.database)
        self.storage = InMemoryStorage()
        self.audit_log = InMemoryAuditLog()
        self.events = InMemoryExportEvents()
        self.source = InMemoryTicketSource(COLUMNS)
        self.clock = InMemoryClock(NOW)
        container.unit_of_work.override(Factory(InMemoryUnitOfWork, self.database))
        container.user_directory.override(self.users)
        container.storage.override(self.storage)
        container.audit_log.override(self.audit_log)
        container.events.override(self.events)
        container.ticket_source.override(self.source)
        container.clock.override(self.clock)
        user = User(id=HelpDesk().user().user_id, first_name="A", last_name="B", email_address="a@b.c", is_admin=True)
        self.users.add(user, SystemPermissions.IMPORT_EXPORT_TICKETS)
        found = self.users.find(user.id)
        assert found is not None
        self.actor: Actor = found

    def key(self, job_id: UUID) -> str:
        """The key of the file of the first attempt."""
        return object_key(self.database.committed.jobs[job_id], database=self.database.identity, attempt=1)


def test_whole_export_runs_on_in_memory_adapters_alone(container: TicketExportContainer, tmp_path: Path) -> None:
    memory = InMemory(container)
    job = container.request_export()(memory.actor, VIEW)
    shown = container.get_export()(memory.actor, job.id)
    assert (shown.status, shown.requested_at, shown.row_count) == ("completed", NOW, 0)
    assert container.list_exports()(memory.actor).items == (shown,)
    with container.open_download()(memory.actor, job.id).stream as stream:
        assert stream.read() == b"Ticket ID,=Title\n"
    assert [entry.action for entry in memory.audit_log.entries] == ["requested", "started", "completed", "downloaded"]
    assert [name for name, _ in memory.events.events] == ["completed"]
    key = memory.key(job.id)
    owner = owner_key(memory.database.identity.id)
    assert list(memory.storage.objects) == [owner, key, manifest_key(key)]
    assert list(tmp_path.iterdir()) == []


def test_worker_exports_cleans_up_and_sweeps_on_in_memory_adapters_alone(
    container: TicketExportContainer, tmp_path: Path
) -> None:
    memory = InMemory(container)
    container.task_queue.override(InMemoryTaskQueue())
    request, retry, cancel = container.request_export(), container.retry_export(), container.cancel_export()
    first = request(memory.actor, VIEW)
    cancelled = cancel(memory.actor, request(memory.actor, {"columns": ["id"]}).id)
    again = retry(memory.actor, cancelled.id)
    memory.storage.objects[f"{database_prefix(memory.database.identity.id)}{UUID(int=7)}/1/x.csv"] = b"left behind"
    container.worker().drain()
    kept = {memory.key(job.id) for job in (first, again)}
    owner = owner_key(memory.database.identity.id)
    assert set(memory.storage.objects) == {owner} | kept | set(map(manifest_key, kept))
    memory.clock.advance(timedelta(hours=5))
    container.worker().drain()
    assert set(memory.storage.objects) == {owner}
    assert [name for name, _ in memory.events.events].count("expired") == 3
    assert list(tmp_path.iterdir()) == []


def test_threads_that_come_first_together_get_one_of_each(container: TicketExportContainer) -> None:
    def named_slowly() -> HostTableNames:
        sleep(0.05)
        return SEED_TABLE_NAMES

    container.settings.override(container.settings().model_copy(update={"task_queue": "database"}))
    container.table_names.override(providers.Callable(named_slowly))
    together = Barrier(4, timeout=PATIENCE)

    def parts(_number: int) -> list[object]:
        together.wait(PATIENCE)
        return [container.task_queue(), container.catalog(), container.storage(), container.engine()]

    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(parts, range(4))
    for other in others:
        assert all(mine is theirs for mine, theirs in zip(first, other, strict=True))


def test_settings_reach_the_use_cases(container: TicketExportContainer) -> None:
    assert container.request_export().retention == timedelta(hours=5)
    assert container.request_export().max_active_jobs == 4
    assert container.retry_export().request_export.max_active_jobs == 4
    assert container.run_export().claims.lease == timedelta(seconds=7)
    assert container.run_export().stall == timedelta(seconds=11)
    assert container.run_export().storage_patience == timedelta(seconds=13)
    assert container.run_export().file_formats.of(None) == CsvFormat(bom=False, formula_guard=False)
    assert container.recover_stalled_exports().max_attempts == 2


@pytest.mark.parametrize(
    ("lease", "every"),
    [(1, 0.2), (2, 0.2), (7, 0.7), (30, 3), (50, 5), (86400, 5)],
)
def test_lost_exports_are_looked_for_in_the_rhythm_of_the_lease(
    container: TicketExportContainer, lease: float, every: float
) -> None:
    container.settings.override(Object(Settings(lease_seconds=lease)))
    assert container.worker().housekeeping.housekeep.intervals[Chore.RECOVER] == timedelta(seconds=every)


def test_recovery_leaves_an_export_to_the_workers_though_the_queue_is_inline(container: TicketExportContainer) -> None:
    memory = InMemory(container)
    with container.task_queue.override(InMemoryTaskQueue()):
        job_id = container.request_export()(memory.actor, VIEW).id
    container.claims().claim(job_id)
    memory.clock.advance(timedelta(seconds=7))
    assert isinstance(container.task_queue(), InlineTaskQueue)
    assert container.recover_stalled_exports()() == Recovery(requeued=1)
    assert container.get_export()(memory.actor, job_id).status == "queued"
    container.worker().drain()
    assert container.get_export()(memory.actor, job_id).status == "completed"


def test_what_a_stopped_worker_hands_back_is_not_run_on_the_way_though_the_queue_is_inline(
    container: TicketExportContainer,
) -> None:
    assert isinstance(container.task_queue(), InlineTaskQueue)
    assert isinstance(container.worker().run_next_export.task_queue, SilentTaskQueue)


@pytest.mark.parametrize("keeps", [InMemoryTaskQueue, SilentTaskQueue])
def test_queue_of_the_host_hears_of_what_is_recovered_or_handed_back(
    container: TicketExportContainer, keeps: Callable[[], TaskQueue]
) -> None:
    queue = keeps()
    container.task_queue.override(Object(queue))
    assert container.recover_stalled_exports().task_queue is queue
    assert container.worker().run_next_export.task_queue is queue


@pytest.mark.parametrize(("stall", "stale"), [(1, 3600), (1800, 3600), (1801, 3602), (86400, 2 * 86400)])
def test_what_is_unfinished_is_stale_only_when_no_attempt_can_be_at_it(
    container: TicketExportContainer, stall: float, stale: float
) -> None:
    container.settings.override(Object(Settings(stall_seconds=stall)))
    assert container.sweep_orphaned_objects().stale_after == timedelta(seconds=stale)


def test_the_queue_is_the_database_unless_it_is_asked_for_otherwise(
    container: TicketExportContainer, tmp_path: Path
) -> None:
    assert isinstance(container.task_queue(), InlineTaskQueue)
    container.settings.override(Object(Settings(database_url=f"sqlite:///{tmp_path}/desk.db")))
    queue = container.task_queue()
    assert isinstance(queue, DatabaseTaskQueue)
    # One for the whole process, so that a request wakes its worker.
    assert container.request_export().task_queue is queue
    assert container.worker().task_queue is queue


@pytest.mark.parametrize(("audit_log", "adapter"), [("log", LoggingAuditLog), ("table", SqlAlchemyAuditLog)])
def test_audit_log_is_the_one_of_the_settings(
    container: TicketExportContainer, audit_log: Literal["log", "table"], adapter: type, tmp_path: Path
) -> None:
    settings = Settings(audit_log=audit_log, database_url=f"sqlite:///{tmp_path}/desk.db")
    container.settings.override(Object(settings))
    assert isinstance(container.audit_log(), adapter)


def test_two_workers_of_one_machine_have_two_names(container: TicketExportContainer) -> None:
    host, _, process = container.claims().worker().rpartition(":")
    assert host
    assert int(process) == os.getpid()


def test_storage_url_and_database_url_choose_the_real_parts(container: TicketExportContainer, tmp_path: Path) -> None:
    storage = container.storage()
    assert isinstance(storage, LocalStorage)
    with storage.open_writer("a", "text/csv") as writer:
        writer.write(b"x")
    assert (tmp_path / "files" / "a").read_bytes() == b"x"
    assert container.engine().url.database == f"{tmp_path}/desk.db"


PORTS = ["clock", "storage", "audit_log", "events", "ticket_source", "policy", "user_directory", "file_formats"]
USE_CASES = [
    "request_export",
    "run_export",
    "retry_export",
    "cancel_export",
    "get_export",
    "list_exports",
    "open_download",
    "recover_stalled_exports",
    "clean_up_expired_exports",
    "sweep_orphaned_objects",
]


@pytest.mark.parametrize("use_case", USE_CASES)
@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("late", [False, True], ids=["before the first use", "after it"])
def test_overridden_part_is_the_one_that_every_use_case_has(
    container: TicketExportContainer, use_case: str, port: str, late: bool
) -> None:
    if late:
        getattr(container, use_case)()
    part = a_part(container, port)
    getattr(container, port).override(Object(part))
    built = getattr(container, use_case)()
    assert all(each is part for each in parts_named(port, built))
    task_queue = container.task_queue()
    assert isinstance(task_queue, InlineTaskQueue)
    found = parts_named(port, task_queue.run_export)
    assert found
    assert all(each is part for each in found)


def a_part(container: TicketExportContainer, port: str) -> object:
    """An object that has what the adapter has, and does nothing."""
    if port == "file_formats":
        return copy(container.file_formats())
    return type("Part", (), {name: None for name in dir(getattr(container, port)()) if not name.startswith("_")})()


def parts_named(port: str, built: object) -> list[object]:
    """The adapters of that port in a use-case and in the parts that it is built from."""
    claims = getattr(built, "claims", None)
    parts = (getattr(built, name, None) for name in ("announcements", "rights", "refusals"))
    holders = (built, claims, *parts, getattr(claims, "announcements", None))
    return [getattr(each, port) for each in holders if hasattr(each, port)]


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("late", [False, True], ids=["before the first use", "after it"])
def test_overridden_part_is_the_one_that_the_worker_has(
    container: TicketExportContainer, port: str, late: bool
) -> None:
    if late:
        container.worker()
    part = a_part(container, port)
    getattr(container, port).override(Object(part))
    worker = container.worker()
    run_export, house = worker.run_next_export.run_export, worker.housekeeping.housekeep
    use_cases = (
        *(run_export, house.recover_stalled_exports),
        *(house.clean_up_expired_exports, house.sweep_orphaned_objects),
    )
    found = [each for use_case in use_cases for each in parts_named(port, use_case)]
    assert found
    assert all(each is part for each in found)


@pytest.mark.parametrize("late", [False, True], ids=["before the first use", "after it"])
def test_export_runs_on_the_storage_that_was_put_in_its_place(container: TicketExportContainer, late: bool) -> None:
    memory = InMemory(container)
    if late:
        container.request_export()(memory.actor, VIEW)
    other = InMemoryStorage()
    container.storage.override(other)
    before = dict(memory.storage.objects)
    container.request_export()(memory.actor, VIEW)
    assert len(other.objects) == 3
    assert memory.storage.objects == before


def test_override_ends_with_its_block(container: TicketExportContainer) -> None:
    own, other = container.storage(), InMemoryStorage()
    with container.storage.override(other):
        assert container.run_export().storage is other
    assert container.run_export().storage is own


def test_task_queue_of_the_host_gets_the_tasks(container: TicketExportContainer) -> None:
    memory, queue = InMemory(container), InMemoryTaskQueue()
    container.task_queue.override(queue)
    job = container.request_export()(memory.actor, VIEW)
    (task,) = queue.dispatched
    stored: BackgroundTask = memory.database.committed.tasks[task.id]
    assert (stored.status, container.get_export()(memory.actor, job.id).status) == ("enqueued", "queued")


def test_policy_of_the_host_decides(container: TicketExportContainer) -> None:
    class Everybody(ExportPolicy):
        def may_request(self, actor: Actor) -> bool:
            return True

    memory = InMemory(container)
    container.policy.override(Everybody())
    nobody = Actor(user_id=memory.actor.user_id)
    assert container.request_export()(nobody, VIEW).status == "queued"


class OwnTeam(ExportPolicy):
    """Without arguments, as a host writes it."""

    def may_download(self, actor: Actor, job: ExportJob) -> bool:
        return super().may_download(actor, job)


@pytest.mark.parametrize("given", [OwnTeam, Object(OwnTeam()), Factory(OwnTeam), Singleton(OwnTeam)])
@pytest.mark.parametrize("download_own", [True, False])
def test_policy_of_the_host_knows_the_setting_and_the_tickets(
    container: TicketExportContainer, given: Any, download_own: bool
) -> None:
    memory = InMemory(container)
    container.settings.override(Object(container.settings().model_copy(update={"download_own": download_own})))
    container.policy.override(given() if given is OwnTeam else given)
    staff = Actor(user_id=memory.actor.user_id, permissions=memory.actor.permissions)
    job = container.request_export()(staff, VIEW)
    assert container.rights().refusal_of_download(memory.actor, stored_job(memory, job.id)) is None
    assert (container.rights().refusal_of_download(staff, stored_job(memory, job.id)) is None) is download_own


def test_default_policy_of_the_container_can_be_called_alone(container: TicketExportContainer) -> None:
    memory = InMemory(container)
    job = container.request_export()(memory.actor, VIEW)
    admin = Actor(user_id=UUID(int=9), is_admin=True, permissions=memory.actor.permissions)
    assert container.policy().may_download(admin, stored_job(memory, job.id))


def stored_job(memory: InMemory, job_id: UUID) -> ExportJob:
    job: ExportJob = memory.database.committed.jobs[job_id]
    return job


def test_engine_tables_and_catalog_of_the_host_reach_the_adapters(
    container: TicketExportContainer, tmp_path: Path
) -> None:
    engine, tables = create_engine(f"sqlite:///{tmp_path}/other.db"), build_help_desk_tables()
    container.engine.override(engine)
    container.tables.override(tables)
    source = container.ticket_source()
    assert isinstance(source, SqlAlchemyTicketSource)
    assert source.engine is engine
    assert source.catalog.id is tables.tickets.c.id
    catalog = reference_catalog(build_help_desk_tables())
    container.catalog.override(catalog)
    source = container.ticket_source()
    assert isinstance(source, SqlAlchemyTicketSource)
    assert source.catalog is catalog
    assert container.request_export().ticket_source.columns(AN_ACTOR).find("slaDueAt") is not None
    engine.dispose()


def test_two_containers_share_nothing(container: TicketExportContainer) -> None:
    other = TicketExportContainer()
    other.storage.override(InMemoryStorage())
    assert isinstance(container.storage(), LocalStorage)
