"""The composition root: every port, the adapter that fills it, and the use-cases on top.

A host changes a part by overriding its provider, and everything built from it follows::

    container = TicketExportContainer()
    container.storage.override(InMemoryStorage())
    job = container.request_export()(actor, {"columns": ["id", "title"]})

Settings, tables, engine and catalog are kept once they are built, so those are overridden before the first use. Threads
may share a container, and have one engine then.
"""

from __future__ import annotations

import os
import socket
from datetime import timedelta

from dependency_injector.containers import DeclarativeContainer
from dependency_injector.providers import Factory, List, Object, Selector, ThreadSafeSingleton

from ticket_export.application.announcements import Announcements
from ticket_export.application.csv_format import CsvFormat
from ticket_export.application.export_policy import ExportPolicy
from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.application.run.claims import Claims
from ticket_export.application.run.export_pipeline import READ_AHEAD
from ticket_export.application.use_cases.cancel_export import CancelExport
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUpExpiredExports
from ticket_export.application.use_cases.get_export import GetExport
from ticket_export.application.use_cases.list_exports import ListExports
from ticket_export.application.use_cases.open_download import OpenDownload
from ticket_export.application.use_cases.recover_stalled_exports import RecoverStalledExports
from ticket_export.application.use_cases.request_export import RequestExport
from ticket_export.application.use_cases.retry_export import RetryExport
from ticket_export.application.use_cases.run_export import RunExport
from ticket_export.application.use_cases.run_next_export import RunNextExport
from ticket_export.application.use_cases.sweep_orphaned_objects import SweepOrphanedObjects
from ticket_export.application.user_turns import UserTurns
from ticket_export.infrastructure.compression.gzip import GzipCompression
from ticket_export.infrastructure.compression.plain import NoCompression
from ticket_export.infrastructure.compression.zstd import ZstdCompression
from ticket_export.infrastructure.fork import renew_in_children
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import build_help_desk_tables
from ticket_export.infrastructure.help_desk.user_directory import SqlAlchemyUserDirectory
from ticket_export.infrastructure.logging_audit_log import LoggingAuditLog
from ticket_export.infrastructure.null_export_events import NullExportEvents
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.database.clock import DatabaseClock
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.infrastructure.storage.registry import open_storage
from ticket_export.infrastructure.system_clock import SystemClock
from ticket_export.infrastructure.tasks.database_task_queue import DatabaseTaskQueue
from ticket_export.infrastructure.tasks.housekeeping import Housekeeping
from ticket_export.infrastructure.tasks.inline_task_queue import InlineTaskQueue
from ticket_export.infrastructure.tasks.notifications import notifications_on
from ticket_export.infrastructure.tasks.silent_task_queue import SilentTaskQueue
from ticket_export.infrastructure.tasks.worker import Worker
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.settings import Settings


def _worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _workers_queue(task_queue: TaskQueue) -> TaskQueue:
    # Whoever recovers an export, or hands one back, must not run it on the way; the workers find it.
    return SilentTaskQueue() if isinstance(task_queue, InlineTaskQueue) else task_queue


def _user_turns() -> UserTurns:
    turns = UserTurns()
    renew_in_children(turns.renew)
    return turns


def _recover_every(lease: timedelta) -> timedelta:
    # A lost export should wait for its lease to end and not much longer.
    return max(timedelta(seconds=0.2), min(lease / 10, timedelta(seconds=5)))


def _stale_after(stall: timedelta) -> timedelta:
    # An export that has made no progress for `stall` is let go; what it has begun is worth nothing then.
    return max(2 * stall, timedelta(hours=1))


# A singleton that another thread is making while this one forks would stay locked in the child for ever.
_making = getattr(ThreadSafeSingleton, "storage_lock", None)
if _making is not None and hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_making.acquire, after_in_parent=_making.release, after_in_child=_making.release)


class TicketExportContainer(DeclarativeContainer):
    """Ports and use-cases by name; call a provider to have what it provides."""

    settings = ThreadSafeSingleton(Settings.load)

    # What the host's own parts usually replace.
    table_names = Object(SEED_TABLE_NAMES)
    tables = ThreadSafeSingleton(build_help_desk_tables, table_names)
    engine = ThreadSafeSingleton(create_engine, settings.provided.database_url)
    catalog = ThreadSafeSingleton(reference_catalog, tables)
    csv_format = Factory(CsvFormat, bom=settings.provided.csv_bom, formula_guard=settings.provided.formula_guard)
    compression = Selector(
        settings.provided.compression,
        none=Factory(NoCompression),
        gzip=Factory(GzipCompression),
        zstd=Factory(ZstdCompression),
    )
    policy = Factory(ExportPolicy)

    # The ports.
    clock = ThreadSafeSingleton(DatabaseClock, engine.provider)
    machine_clock = ThreadSafeSingleton(SystemClock)
    unit_of_work = Factory(SqlAlchemyUnitOfWork, engine, tables)
    ticket_source = Factory(SqlAlchemyTicketSource, engine, catalog, settings.provided.storage_patience)
    storage = ThreadSafeSingleton(open_storage, settings)
    user_directory = Factory(SqlAlchemyUserDirectory, engine, tables)
    audit_log = Selector(
        settings.provided.audit_log,
        log=ThreadSafeSingleton(LoggingAuditLog),
        table=Factory(SqlAlchemyAuditLog, engine, tables),
    )
    events = ThreadSafeSingleton(NullExportEvents)

    # The use-cases.
    read_ahead = Object(READ_AHEAD)
    announcements = Factory(Announcements, audit_log, events)
    claims = Factory(
        Claims,
        unit_of_work=unit_of_work.provider,
        announcements=announcements,
        clock=clock,
        worker=Object(_worker_name),
        lease=settings.provided.lease,
    )
    run_export = Factory(
        RunExport,
        claims=claims,
        ticket_source=ticket_source,
        storage=storage,
        user_directory=user_directory,
        policy=policy,
        csv_format=csv_format,
        compression=compression,
        stall=settings.provided.stall,
        storage_patience=settings.provided.storage_patience,
        read_ahead=read_ahead,
        max_attempts=settings.provided.max_attempts,
    )
    task_queue = Selector(
        settings.provided.task_queue,
        database=ThreadSafeSingleton(DatabaseTaskQueue, engine, tables, Factory(notifications_on, engine)),
        inline=Factory(InlineTaskQueue, run_export),
    )
    request_export = Factory(
        RequestExport,
        unit_of_work=unit_of_work.provider,
        ticket_source=ticket_source,
        task_queue=task_queue,
        audit_log=audit_log,
        policy=policy,
        clock=clock,
        retention=settings.provided.retention,
        max_active_jobs=settings.provided.max_active_jobs_per_user,
        turns=ThreadSafeSingleton(_user_turns),
    )
    retry_export = Factory(
        RetryExport, unit_of_work=unit_of_work.provider, request_export=request_export, policy=policy
    )
    cancel_export = Factory(
        CancelExport,
        unit_of_work=unit_of_work.provider,
        announcements=announcements,
        policy=policy,
        clock=clock,
    )
    get_export = Factory(GetExport, unit_of_work=unit_of_work.provider, policy=policy)
    list_exports = Factory(ListExports, unit_of_work=unit_of_work.provider, policy=policy)
    open_download = Factory(
        OpenDownload,
        unit_of_work=unit_of_work.provider,
        storage=storage,
        audit_log=audit_log,
        policy=policy,
        clock=clock,
        url_lifetime=settings.provided.url_lifetime,
    )
    recover_stalled_exports = Factory(
        RecoverStalledExports,
        unit_of_work=unit_of_work.provider,
        task_queue=Factory(_workers_queue, task_queue),
        announcements=announcements,
        clock=clock,
        max_attempts=settings.provided.max_attempts,
    )
    clean_up_expired_exports = Factory(
        CleanUpExpiredExports,
        unit_of_work=unit_of_work.provider,
        storage=storage,
        announcements=announcements,
        clock=clock,
    )
    sweep_orphaned_objects = Factory(
        SweepOrphanedObjects,
        unit_of_work=unit_of_work.provider,
        storage=storage,
        # A file's time is this machine's, which may be far from the database's.
        clocks=List(clock, machine_clock),
        stale_after=Factory(_stale_after, settings.provided.stall),
    )

    # What runs them in the background.
    worker = Factory(
        Worker,
        run_next_export=Factory(RunNextExport, run_export=run_export, task_queue=Factory(_workers_queue, task_queue)),
        task_queue=task_queue,
        housekeeping=Factory(
            Housekeeping,
            recover_stalled_exports=recover_stalled_exports,
            clean_up_expired_exports=clean_up_expired_exports,
            sweep_orphaned_objects=sweep_orphaned_objects,
            recover_every=Factory(_recover_every, settings.provided.lease),
        ),
    )
