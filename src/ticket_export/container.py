"""The composition root: it connects every port with an adapter, and the use cases with the ports.

A host gives its own parts, as objects or as providers that make them. All others keep their defaults::

    container = TicketExportContainer(catalog=my_catalog, user_directory=MyUserDirectory())
    job = container.request_export()(actor, {"columns": ["id", "title"]})

A part can also be replaced later. All objects that are made from then on use the new one::

    container.storage.override(InMemoryStorage())

Settings, tables, engine and catalog are built once and kept, so override those before their first use. Threads may
share a container, and then share its engine. The making of a container opens no connection and reads no setting.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Self, TypedDict, Unpack

from dependency_injector.containers import ProvidersOverridingContext
from dependency_injector.providers import Callable, Dict, Factory, List, Object, Provider, Selector, ThreadSafeSingleton

from ticket_export.application.announcements import Announcements
from ticket_export.application.export_policy import ExportPolicy
from ticket_export.application.file.file_name import FileNameTemplate
from ticket_export.application.file.ownership import OwnershipMemory, StorageOwnership
from ticket_export.application.file.places import StoragePlaces
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.job_states import JobStates
from ticket_export.application.ports.audit_log import AuditLog
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.compression import Compression
from ticket_export.application.ports.export_events import ExportEvents
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.ports.user_directory import UserDirectory
from ticket_export.application.refusals import Refusals
from ticket_export.application.requester_names import RequesterNames
from ticket_export.application.rights import Rights
from ticket_export.application.run.claims import Claims, this_process
from ticket_export.application.run.export_pipeline import READ_AHEAD
from ticket_export.application.run.overtime import Overtime
from ticket_export.application.use_cases.cancel_export import CancelExport
from ticket_export.application.use_cases.check_readiness import CheckReadiness
from ticket_export.application.use_cases.check_setup import CheckSetup
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUpExpiredExports
from ticket_export.application.use_cases.forget_user import ForgetUser
from ticket_export.application.use_cases.get_choices import GetChoices
from ticket_export.application.use_cases.get_export import GetExport
from ticket_export.application.use_cases.housekeep import Housekeep
from ticket_export.application.use_cases.list_exports import ListExports
from ticket_export.application.use_cases.open_download import OpenDownload
from ticket_export.application.use_cases.purge_exports import PurgeExports
from ticket_export.application.use_cases.recover_stalled_exports import RecoverStalledExports
from ticket_export.application.use_cases.request_export import RequestExport
from ticket_export.application.use_cases.retry_export import RetryExport
from ticket_export.application.use_cases.run_export import RunExport
from ticket_export.application.use_cases.run_next_export import RunNextExport
from ticket_export.application.use_cases.sweep_orphaned_objects import SweepOrphanedObjects
from ticket_export.application.use_cases.take_over_storage import TakeOverStorage
from ticket_export.application.use_cases.watch_export import WatchExport
from ticket_export.application.user_turns import UserTurns
from ticket_export.infrastructure.compression import GzipCompression, NoCompression, ZstdCompression
from ticket_export.infrastructure.fork import hold_while_forking, renewed_in_children
from ticket_export.infrastructure.formats.registry import open_formats
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import HelpDeskTables, build_help_desk_tables
from ticket_export.infrastructure.help_desk.user_directory import SqlAlchemyUserDirectory
from ticket_export.infrastructure.logging_audit_log import LoggingAuditLog
from ticket_export.infrastructure.metrics.export_metrics import ExportMetrics, global_meter_provider
from ticket_export.infrastructure.metrics.measured import (
    MeasuredExportEvents,
    MeasuredHousekeep,
    MeasuredRecovery,
    MeasuredRunExport,
)
from ticket_export.infrastructure.metrics.queue_watch import QueueWatch
from ticket_export.infrastructure.null_export_events import NullExportEvents
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.database.clock import DatabaseClock
from ticket_export.infrastructure.persistence.database.engine import (
    SyncEngine,
    asynchronous_refusal,
    create_engine,
    one_of_two_engines,
)
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES, HostTableNames
from ticket_export.infrastructure.persistence.host_users import user_key_for
from ticket_export.infrastructure.persistence.some_users import some_user_ids
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.infrastructure.setting_check import setting_problems
from ticket_export.infrastructure.storage.registry import open_former_storages, open_storage
from ticket_export.infrastructure.system_clock import SystemClock
from ticket_export.infrastructure.tasks.celery_task_queue import without_install
from ticket_export.infrastructure.tasks.database_task_queue import DatabaseTaskQueue
from ticket_export.infrastructure.tasks.housekeeping import Housekeeping
from ticket_export.infrastructure.tasks.inline_task_queue import InlineTaskQueue, queue_for_workers
from ticket_export.infrastructure.tasks.notifications import notifications_on
from ticket_export.infrastructure.tasks.worker import Worker
from ticket_export.infrastructure.tickets.catalog import TicketCatalog
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.port_provider import PartProvider, PortProvider, Provides
from ticket_export.settings import Settings
from ticket_export.strict_container import StrictContainer

if TYPE_CHECKING:
    from ticket_export.infrastructure.metrics.export_metrics import MeterProvider

# Another thread may hold this lock while it makes a singleton.
hold_while_forking(getattr(ThreadSafeSingleton, "storage_lock", nullcontext()))


class Parts(TypedDict, total=False):
    """The parts that a host can give to its container, each as an object or as a provider of one."""

    settings: Settings | Provides[Settings]
    table_names: HostTableNames | Provides[HostTableNames]
    tables: HelpDeskTables | Provides[HelpDeskTables]
    engine: SyncEngine | Provides[SyncEngine]
    tickets_engine: SyncEngine | Provides[SyncEngine]
    catalog: TicketCatalog | Provides[TicketCatalog]
    policy: ExportPolicy | Provides[ExportPolicy]
    file_formats: FileFormats | Provides[FileFormats]
    clock: Clock | Provides[Clock]
    machine_clock: Clock | Provides[Clock]
    unit_of_work: UnitOfWork | Provides[UnitOfWork]
    ticket_source: TicketSource | Provides[TicketSource]
    storage: ExportStorage | Provides[ExportStorage]
    former_storages: tuple[ExportStorage, ...] | Provides[tuple[ExportStorage, ...]]
    compression: Compression | Provides[Compression]
    user_directory: UserDirectory | Provides[UserDirectory]
    audit_log: AuditLog | Provides[AuditLog]
    events: ExportEvents | Provides[ExportEvents]
    task_queue: TaskQueue | Provides[TaskQueue]


class TicketExportContainer(StrictContainer):
    """Ports and use cases by name. Call a provider to get its object.

    Raises:
        ConfigurationError: a part has a name that the container does not know, or cannot do its work.
    """

    def __new__(cls, **parts: Unpack[Parts]) -> Self:  # noqa: D102 - the class says it
        return super().__new__(cls, **parts)

    if TYPE_CHECKING:

        @classmethod
        def override_providers(  # type: ignore[override]  # noqa: D102 - its types are more exact
            cls, **parts: Unpack[Parts]
        ) -> ProvidersOverridingContext[Self]: ...

    settings = PartProvider(Settings, ThreadSafeSingleton(Settings.load))

    # The parts that hosts usually replace.
    table_names = PartProvider(HostTableNames, Object(SEED_TABLE_NAMES))
    tables = PartProvider(HelpDeskTables, ThreadSafeSingleton(build_help_desk_tables, table_names))
    engine = PartProvider(
        SyncEngine, ThreadSafeSingleton(create_engine, settings.provided.database_url), asynchronous_refusal
    )
    tickets_engine = PartProvider(
        SyncEngine,
        Factory(
            one_of_two_engines,
            settings.provided.tickets_database_url,
            ThreadSafeSingleton(create_engine, settings.provided.tickets_database_url).provider,
            engine.provider,
        ),
        asynchronous_refusal,
    )
    catalog = PartProvider(TicketCatalog, ThreadSafeSingleton(reference_catalog, tables))
    file_formats = PartProvider(FileFormats, ThreadSafeSingleton(open_formats, settings))

    # The ports.
    clock: PortProvider[Clock] = PortProvider(Clock, ThreadSafeSingleton(DatabaseClock, engine.provider))
    machine_clock: PortProvider[Clock] = PortProvider(Clock, ThreadSafeSingleton(SystemClock))
    unit_of_work: PortProvider[UnitOfWork] = PortProvider(UnitOfWork, Factory(SqlAlchemyUnitOfWork, engine, tables))
    ticket_source: PortProvider[TicketSource] = PortProvider(
        TicketSource, Factory(SqlAlchemyTicketSource, tickets_engine, catalog, settings.provided.storage_patience)
    )
    storage: PortProvider[ExportStorage] = PortProvider(ExportStorage, ThreadSafeSingleton(open_storage, settings))
    former_storages: PartProvider[tuple[ExportStorage, ...]] = PartProvider(
        tuple, ThreadSafeSingleton(open_former_storages, settings)
    )
    places = Factory(StoragePlaces, storage, former_storages, ThreadSafeSingleton(dict))
    ownership_memory = ThreadSafeSingleton(OwnershipMemory)
    storage_ownership = Factory(
        StorageOwnership,
        unit_of_work=unit_of_work.provider,
        clock=clock,
        process=Object(this_process),
        memory=ownership_memory,
    )
    compression: PortProvider[Compression] = PortProvider(
        Compression,
        Selector(
            settings.provided.compression,
            none=Factory(NoCompression),
            gzip=Factory(GzipCompression),
            zstd=Factory(ZstdCompression),
        ),
    )
    user_directory: PortProvider[UserDirectory] = PortProvider(
        UserDirectory, Factory(SqlAlchemyUserDirectory, engine, tables)
    )
    audit_log: PortProvider[AuditLog] = PortProvider(
        AuditLog,
        Selector(
            settings.provided.audit_log,
            log=ThreadSafeSingleton(LoggingAuditLog),
            table=Factory(SqlAlchemyAuditLog, engine, tables),
        ),
    )
    events: PortProvider[ExportEvents] = PortProvider(ExportEvents, ThreadSafeSingleton(NullExportEvents))

    # The metrics, if the settings ask for them: whatever is measured is wrapped.
    meter_provider: Provider[MeterProvider] = Callable(global_meter_provider)
    instruments = ThreadSafeSingleton(ExportMetrics, meter_provider, Factory(QueueWatch, unit_of_work.provider, clock))
    metrics: Provider[ExportMetrics | None] = Selector(
        settings.provided.metrics, none=Object(None), opentelemetry=instruments
    )

    # The rules of the host, checked; and what they refuse, recorded.
    policy = PortProvider(
        ExportPolicy,
        Factory(ExportPolicy, ticket_source=ticket_source, download_own=settings.provided.download_own),
    )
    user_key = ThreadSafeSingleton(user_key_for, table_names)
    rights = Factory(
        Rights,
        policy=policy,
        ticket_source=ticket_source,
        download_own=settings.provided.download_own,
        user_key=user_key,
    )
    requester_names = Factory(RequesterNames, user_directory.provider)
    refusals = Factory(Refusals, audit_log=audit_log, clock=clock)

    # Running an export. An inline task queue does it too.
    announcements = Factory(
        Announcements,
        audit_log,
        Selector(settings.provided.metrics, none=events, opentelemetry=Factory(MeasuredExportEvents, events, metrics)),
    )
    claims = Factory(
        Claims,
        unit_of_work=unit_of_work.provider,
        announcements=announcements,
        clock=clock,
        lease=settings.provided.lease,
        max_running_per_user=settings.provided.max_running_per_user,
    )
    read_ahead = Object(READ_AHEAD)
    file_name = Factory(FileNameTemplate, settings.provided.file_name)
    unmeasured_run_export = Factory(
        RunExport,
        claims=claims,
        clock=clock,
        ticket_source=ticket_source,
        storage=storage,
        ownership=storage_ownership,
        user_directory=user_directory,
        rights=rights,
        file_formats=file_formats,
        compression=compression,
        stall=settings.provided.stall,
        storage_patience=settings.provided.storage_patience,
        read_ahead=read_ahead,
        naming=file_name,
        overtime=ThreadSafeSingleton(renewed_in_children, Factory(Overtime)),
        max_attempts=settings.provided.max_attempts,
    )
    run_export: Provider[RunExport] = Selector(
        settings.provided.metrics,
        none=unmeasured_run_export,
        opentelemetry=Factory(MeasuredRunExport, **unmeasured_run_export.kwargs, metrics=metrics),
    )
    task_queue: PortProvider[TaskQueue] = PortProvider(
        TaskQueue,
        Selector(
            settings.provided.task_queue,
            database=ThreadSafeSingleton(DatabaseTaskQueue, engine, tables, Factory(notifications_on, engine)),
            inline=Factory(InlineTaskQueue, run_export),
            # `ticket_export.celery.install` replaces the whole provider.
            celery=Callable(without_install),
        ),
    )

    # The use cases of a user.
    request_export = Factory(
        RequestExport,
        unit_of_work=unit_of_work.provider,
        ticket_source=ticket_source,
        file_formats=file_formats,
        task_queue=task_queue,
        audit_log=audit_log,
        rights=rights,
        refusals=refusals,
        clock=clock,
        retention=settings.provided.retention,
        max_active_jobs=settings.provided.max_active_jobs_per_user,
        turns=ThreadSafeSingleton(renewed_in_children, Factory(UserTurns)),
    )
    retry_export = Factory(
        RetryExport,
        unit_of_work=unit_of_work.provider,
        request_export=request_export,
        rights=rights,
        refusals=refusals,
    )
    cancel_export = Factory(
        CancelExport,
        unit_of_work=unit_of_work.provider,
        announcements=announcements,
        rights=rights,
        refusals=refusals,
        clock=clock,
    )
    get_export = Factory(GetExport, unit_of_work=unit_of_work.provider, rights=rights, names=requester_names)
    list_exports = Factory(
        ListExports, unit_of_work=unit_of_work.provider, rights=rights, clock=clock, names=requester_names
    )
    job_states: ThreadSafeSingleton[JobStates] = ThreadSafeSingleton(
        renewed_in_children,
        Factory(JobStates, unit_of_work=unit_of_work.provider, clock=clock, names=requester_names),
    )
    watch_export = Factory(WatchExport, states=job_states, rights=rights, clock=clock)
    get_choices = Factory(
        GetChoices,
        ticket_source=ticket_source,
        file_formats=file_formats,
        rights=rights,
        clock=clock,
        retention=settings.provided.retention,
        max_active_jobs=settings.provided.max_active_jobs_per_user,
    )
    open_download = Factory(
        OpenDownload,
        unit_of_work=unit_of_work.provider,
        places=places,
        audit_log=audit_log,
        rights=rights,
        refusals=refusals,
        clock=clock,
        url_lifetime=settings.provided.url_lifetime,
    )

    # The use cases of a worker.
    workers_queue: PortProvider[TaskQueue] = PortProvider(TaskQueue, Factory(queue_for_workers, task_queue))
    run_next_export = Factory(RunNextExport, run_export=run_export, claims=claims, task_queue=workers_queue)
    unmeasured_recovery = Factory(
        RecoverStalledExports,
        unit_of_work=unit_of_work.provider,
        task_queue=workers_queue,
        announcements=announcements,
        clock=clock,
        max_attempts=settings.provided.max_attempts,
    )
    recover_stalled_exports: Provider[RecoverStalledExports] = Selector(
        settings.provided.metrics,
        none=unmeasured_recovery,
        opentelemetry=Factory(MeasuredRecovery, **unmeasured_recovery.kwargs, metrics=metrics),
    )
    clean_up_expired_exports = Factory(
        CleanUpExpiredExports,
        unit_of_work=unit_of_work.provider,
        places=places,
        ownership=storage_ownership,
        announcements=announcements,
        clock=clock,
    )
    sweep_orphaned_objects = Factory(
        SweepOrphanedObjects,
        unit_of_work=unit_of_work.provider,
        places=places,
        ownership=storage_ownership,
        clocks=List(clock, machine_clock),
        stall=settings.provided.stall,
    )
    purge_exports = Factory(
        PurgeExports, unit_of_work=unit_of_work.provider, clock=clock, history=settings.provided.history
    )
    unmeasured_housekeep = Factory(
        Housekeep,
        unit_of_work=unit_of_work.provider,
        task_queue=workers_queue,
        clock=clock,
        recover_stalled_exports=recover_stalled_exports,
        clean_up_expired_exports=clean_up_expired_exports,
        sweep_orphaned_objects=sweep_orphaned_objects,
        purge_exports=purge_exports,
        intervals=settings.provided.chore_intervals,
    )
    housekeep: Provider[Housekeep] = Selector(
        settings.provided.metrics,
        none=unmeasured_housekeep,
        opentelemetry=Factory(MeasuredHousekeep, **unmeasured_housekeep.kwargs, metrics=metrics),
    )
    housekeeping = Factory(Housekeeping, housekeep=housekeep)
    worker = Factory(Worker, run_next_export=run_next_export, task_queue=task_queue, housekeeping=housekeeping)

    # The use cases of an operator.
    check_readiness = Factory(CheckReadiness, unit_of_work=unit_of_work.provider, storage=storage.provider)
    take_over_storage = Factory(
        TakeOverStorage, places=places, ownership=storage_ownership, sweep=sweep_orphaned_objects
    )
    forget_user = Factory(
        ForgetUser,
        unit_of_work=unit_of_work.provider,
        places=places,
        ownership=storage_ownership,
        audit_log=audit_log,
        announcements=announcements,
        clock=clock,
        audit=settings.provided.forget_audit,
        user_key=user_key,
    )

    # What is wrong with all of this. Every argument is a provider, so that a part that cannot be made is a finding.
    check_setup = Factory(
        CheckSetup,
        settings=settings.provider,
        setting_problems=Callable(setting_problems, settings).provider,
        unit_of_work=unit_of_work.provider,
        user_directory=user_directory.provider,
        user_ids=Callable(some_user_ids, engine, tables).provider,
        user_key=tables.provided.user_key.provider,
        policy=policy.provider,
        rights=rights.provider,
        ticket_source=ticket_source.provider,
        storage=storage.provider,
        places=places.provider,
        clock=clock.provider,
        ownership=storage_ownership.provider,
        url_lifetime=settings.provided.url_lifetime.provider,
        parts=Dict(
            {
                "clock": clock.provider,
                "audit log": audit_log.provider,
                "compression": compression.provider,
                "formats": file_formats.provider,
                "events": events.provider,
                "metrics": metrics.provider,
                "task queue": task_queue.provider,
            }
        ),
    )
    check = Callable(CheckSetup.__call__, check_setup)
