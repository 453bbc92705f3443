"""The use-cases on in-memory adapters, with places where a test may let something happen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, Literal
from uuid import UUID, uuid4

import attrs

from tests.unit.application.use_cases.watched_adapters import (
    WatchedAuditLog,
    WatchedEvents,
    WatchedOwnAuditLog,
    WatchedQueue,
    WatchedSource,
    WatchedStorage,
    WatchedUnitOfWork,
    WatchedUsers,
)
from ticket_export import Actor, CsvFormat, ExportPolicy, RequestedExportDto, Settings, SystemPermissions
from ticket_export.application.announcements import Announcements
from ticket_export.application.file.export_file import owner_key
from ticket_export.application.file.file_name import FileNameTemplate, FileNaming
from ticket_export.application.file.ownership import OwnershipMemory, StorageOwnership
from ticket_export.application.file.places import StoragePlaces
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.job_states import JobStates
from ticket_export.application.ports.compression import Compression
from ticket_export.application.ports.export_database import DatabaseIdentity
from ticket_export.application.refusals import Refusals
from ticket_export.application.requester_names import RequesterNames
from ticket_export.application.rights import Rights
from ticket_export.application.run.claims import Claims
from ticket_export.application.run.export_pipeline import READ_AHEAD
from ticket_export.application.use_cases.cancel_export import CancelExport
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
from ticket_export.application.use_cases.watch_export import WatchExport
from ticket_export.catalog import ColumnKind
from ticket_export.infrastructure.compression import NoCompression
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.database import InMemoryDatabase
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket
from ticket_export.ports import (
    BackgroundTask,
    BackgroundTaskStatus,
    ExportJob,
    ExportStorage,
    MediaItem,
    TicketColumn,
    TicketColumns,
    User,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
IDENTITY = DatabaseIdentity(UUID(int=13), "the original")
#: The prefix of all keys of the help desk's database, and the last part of the key of a file that is requested `NOW`.
PREFIX = f"exports/{IDENTITY.id}/"
NAME = "tickets-20260301T120000Z-65892be1.csv"
PERMITTED = SystemPermissions.IMPORT_EXPORT_TICKETS
VIEW: dict[str, Any] = {"columns": ["id", "title"]}
COLUMNS = TicketColumns(
    [
        TicketColumn(name="id", label="Ticket ID", kind=ColumnKind.NUMBER),
        TicketColumn(name="title", label="=Title", kind=ColumnKind.TEXT, searchable=True),
        TicketColumn(name="priority", label="Priority", kind=ColumnKind.CHOICE, choices=("low", "high")),
    ]
)


@attrs.define
class HelpDesk:
    """`happen` holds, by place, what is to happen there: to raise, or to change something behind the use-case's back.

    Places: ``source.open``, ``source.count``, ``source.block`` (before the second and later blocks), ``source.close``,
    ``source.abandon`` (instead of that, where an error ends the reading), ``source.interrupt``, ``storage.open``,
    ``storage.write`` (not for the header), ``storage.interrupt``, ``storage.publish``, ``storage.delete`` (also
    followed by the key),
    ``storage.delete.done``, the same of ``manifest``, ``storage.list.done``, ``storage.provider``, ``users.find``,
    ``audit.<action>``, ``events.<event>``, ``queue.dispatch``, ``work.enter``, ``jobs.found`` (after a job was looked
    for), ``work.<status>`` (before a commit that leaves a job in that status, ``cleaned_up`` or
    ``removed``), ``work.<status>.committed`` and ``jobs.remove`` (also followed by the id).
    """

    happen: dict[str, Callable[[], object]] = attrs.field(factory=dict)
    database: InMemoryDatabase = attrs.field(factory=lambda: InMemoryDatabase(IDENTITY))
    clock: InMemoryClock = attrs.field(factory=lambda: InMemoryClock(NOW))
    columns: TicketColumns = COLUMNS
    tickets: list[InMemoryTicket] = attrs.field(factory=list)
    file_formats: FileFormats = attrs.field(factory=lambda: FileFormats(by_name={"csv": CsvFormat}))
    compression: Compression = attrs.field(factory=NoCompression)
    policy: ExportPolicy = attrs.field(factory=ExportPolicy)
    download_own: bool = False
    url_lifetime: timedelta | None = None
    retention: timedelta = timedelta(hours=72)
    lease: timedelta = timedelta(seconds=30)
    stall: timedelta = timedelta(minutes=10)
    storage_patience: timedelta = timedelta(minutes=1)
    read_ahead: int = READ_AHEAD
    max_active_jobs: int = 0
    max_attempts: int = 3
    naming: FileNaming = attrs.field(factory=FileNameTemplate)
    history: timedelta | None = None
    memory: OwnershipMemory = attrs.field(factory=OwnershipMemory)
    forget_audit: Literal["keep", "anonymise"] = "keep"
    former: list[ExportStorage] = attrs.field(factory=list)
    told: dict[str, object] = attrs.field(factory=dict)
    #: Seconds, as `JobStates` counts them.
    elapsed: float = 0
    states: JobStates = attrs.field(init=False)
    users: WatchedUsers = attrs.field(init=False)
    storage: WatchedStorage = attrs.field(init=False)
    audit_log: WatchedAuditLog | WatchedOwnAuditLog = attrs.field(init=False)
    events: WatchedEvents = attrs.field(init=False)
    queue: WatchedQueue = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.users = WatchedUsers(self)
        self.states = JobStates(
            unit_of_work=self.unit_of_work,
            clock=self.clock,
            names=RequesterNames(lambda: self.users),
            monotonic=lambda: self.elapsed,
        )
        self.storage = WatchedStorage(self)
        self.audit_log = WatchedAuditLog(self)
        self.events = WatchedEvents(self)
        self.queue = WatchedQueue(self)

    def use_own_audit_log(self) -> None:
        """The host's own from now on, which no transaction knows, instead of one that is like a table."""
        self.audit_log = WatchedOwnAuditLog(self)

    def at(self, place: str) -> None:
        if place in self.happen:
            self.happen[place]()

    def user(self, *, admin: bool = False, permissions: SystemPermissions = PERMITTED) -> Actor:
        user = User(id=uuid4(), first_name="A", last_name="B", email_address="a@example.test", is_admin=admin)
        self.users.add(user, permissions)
        return Actor(user_id=user.id, is_admin=admin, permissions=permissions)

    def fill(self, count: int) -> None:
        self.tickets = [
            InMemoryTicket(id=number, created_at=NOW, values={"id": number, "title": f"=ticket {number}"})
            for number in range(count)
        ]

    @property
    def places(self) -> StoragePlaces:
        return StoragePlaces(self.storage, self.former, self.told)

    @property
    def ownership(self) -> StorageOwnership:
        return StorageOwnership(
            unit_of_work=self.unit_of_work, clock=self.clock, process=lambda: "a process", memory=self.memory
        )

    def unit_of_work(self) -> WatchedUnitOfWork:
        return WatchedUnitOfWork(self)

    @property
    def claims(self) -> Claims:
        return Claims(
            unit_of_work=self.unit_of_work,
            announcements=self.announcements,
            clock=self.clock,
            worker=lambda: "worker",
            lease=self.lease,
        )

    @property
    def announcements(self) -> Announcements:
        return Announcements(self.audit_log, self.events)

    @property
    def rights(self) -> Rights:
        return Rights(policy=self.policy, ticket_source=WatchedSource(self), download_own=self.download_own)

    @property
    def refusals(self) -> Refusals:
        return Refusals(audit_log=self.audit_log, clock=self.clock)

    @property
    def request_export(self) -> RequestExport:
        return RequestExport(
            unit_of_work=self.unit_of_work,
            ticket_source=WatchedSource(self),
            file_formats=self.file_formats,
            task_queue=self.queue,
            audit_log=self.audit_log,
            rights=self.rights,
            refusals=self.refusals,
            clock=self.clock,
            retention=self.retention,
            max_active_jobs=self.max_active_jobs,
        )

    @property
    def run_export(self) -> RunExport:
        return RunExport(
            claims=self.claims,
            clock=self.clock,
            ticket_source=WatchedSource(self),
            storage=self.storage,
            ownership=self.ownership,
            user_directory=self.users,
            rights=self.rights,
            file_formats=self.file_formats,
            compression=self.compression,
            stall=self.stall,
            storage_patience=self.storage_patience,
            read_ahead=self.read_ahead,
            naming=self.naming,
            max_attempts=self.max_attempts,
        )

    @property
    def run_next_export(self) -> RunNextExport:
        return RunNextExport(run_export=self.run_export, claims=self.claims, task_queue=self.queue)

    @property
    def housekeep(self) -> Housekeep:
        return Housekeep(
            unit_of_work=self.unit_of_work,
            task_queue=self.queue,
            clock=self.clock,
            recover_stalled_exports=self.recover_stalled_exports,
            clean_up_expired_exports=self.clean_up_expired_exports,
            sweep_orphaned_objects=self.sweep_orphaned_objects,
            purge_exports=self.purge_exports,
            intervals=Settings(_env_file=None).chore_intervals,
        )

    @property
    def retry_export(self) -> RetryExport:
        return RetryExport(
            unit_of_work=self.unit_of_work,
            request_export=self.request_export,
            rights=self.rights,
            refusals=self.refusals,
        )

    @property
    def cancel_export(self) -> CancelExport:
        return CancelExport(
            unit_of_work=self.unit_of_work,
            announcements=self.announcements,
            rights=self.rights,
            refusals=self.refusals,
            clock=self.clock,
        )

    @property
    def recover_stalled_exports(self) -> RecoverStalledExports:
        return RecoverStalledExports(
            unit_of_work=self.unit_of_work,
            task_queue=self.queue,
            announcements=self.announcements,
            clock=self.clock,
            max_attempts=self.max_attempts,
        )

    @property
    def clean_up_expired_exports(self) -> CleanUpExpiredExports:
        return CleanUpExpiredExports(
            unit_of_work=self.unit_of_work,
            places=self.places,
            ownership=self.ownership,
            announcements=self.announcements,
            clock=self.clock,
        )

    @property
    def sweep_orphaned_objects(self) -> SweepOrphanedObjects:
        return SweepOrphanedObjects(
            unit_of_work=self.unit_of_work,
            places=self.places,
            ownership=self.ownership,
            clocks=[self.clock],
            stall=timedelta(minutes=30),
        )

    @property
    def purge_exports(self) -> PurgeExports:
        return PurgeExports(unit_of_work=self.unit_of_work, clock=self.clock, history=self.history)

    @property
    def forget_user(self) -> ForgetUser:
        return ForgetUser(
            unit_of_work=self.unit_of_work,
            places=self.places,
            ownership=self.ownership,
            audit_log=self.audit_log,
            announcements=self.announcements,
            clock=self.clock,
            audit=self.forget_audit,
        )

    @property
    def get_export(self) -> GetExport:
        return GetExport(unit_of_work=self.unit_of_work, rights=self.rights)

    @property
    def list_exports(self) -> ListExports:
        return ListExports(unit_of_work=self.unit_of_work, rights=self.rights, clock=self.clock)

    @property
    def watch_export(self) -> WatchExport:
        return WatchExport(states=self.states, rights=self.rights, clock=self.clock)

    @property
    def get_choices(self) -> GetChoices:
        return GetChoices(
            ticket_source=WatchedSource(self),
            file_formats=self.file_formats,
            rights=self.rights,
            clock=self.clock,
            retention=self.retention,
            max_active_jobs=self.max_active_jobs,
        )

    @property
    def open_download(self) -> OpenDownload:
        return OpenDownload(
            unit_of_work=self.unit_of_work,
            places=self.places,
            audit_log=self.audit_log,
            rights=self.rights,
            refusals=self.refusals,
            clock=self.clock,
            url_lifetime=self.url_lifetime,
        )

    def requested(self, actor: Actor | None = None, *, number: int = 0) -> RequestedExportDto:
        """A new export; one user's exports of different `number` are of different views."""
        return self.request_export(actor or self.user(), {**VIEW, "viewId": UUID(int=number)})

    @property
    def files(self) -> dict[str, bytes]:
        """What is in the storage besides manifests and the owner object."""
        return {key: data for key, data in self.stored.items() if not key.endswith(".manifest.json")}

    @property
    def stored(self) -> dict[str, bytes]:
        """What is in the storage besides the owner object."""
        return {key: data for key, data in self.storage.objects.items() if key != owner_key(IDENTITY.id)}

    def file(self, job_id: UUID) -> bytes:
        """The file of a completed export, as it is stored."""
        return self.storage.objects[self.media_item(job_id).object_key]

    def media_item(self, job_id: UUID) -> MediaItem:
        """That of a completed export."""
        media_item_id = self.job(job_id).media_item_id
        assert media_item_id is not None
        return self.database.committed.media_items[media_item_id]

    def job(self, job_id: UUID) -> ExportJob:
        """The job as it is stored, not as a use-case shows it."""
        return self.database.committed.jobs[job_id]

    def shown(self, job_id: UUID) -> ExportJob:
        """The job with all that it points at, as a use-case shows it."""
        with self.unit_of_work() as work:
            (job,) = work.jobs.find_all([job_id])
        return job

    def task(self, job_id: UUID) -> BackgroundTask:
        task_id = self.job(job_id).background_task_id
        assert task_id is not None
        return self.database.committed.tasks[task_id]

    def change(self, job: ExportJob, task: BackgroundTask | None = None) -> None:
        """Behind every use-case's back."""
        self.database.committed.jobs[job.id] = job
        if task is not None:
            self.database.committed.tasks[task.id] = task

    def cloned(self) -> HelpDesk:
        """Another help desk, on a restored dump of the database and the same storage."""
        database = InMemoryDatabase(attrs.evolve(IDENTITY, copy="a dump"))
        database.users, database.committed = self.database.users, self.database.committed.copy()
        clone = HelpDesk(database=database)
        clone.storage = self.storage
        return clone

    def take_over(self, job_id: UUID) -> None:
        """Once the lease has ended, recovery puts the task back, and another worker claims it."""
        task, then = attrs.evolve(self.task(job_id)), NOW + timedelta(days=1)
        if task.status is BackgroundTaskStatus.PROCESSING:
            task.recover(then)
        task.claim(then, worker="another", lease=self.lease)
        self.database.committed.tasks[task.id] = task

    def audited(self, job_id: UUID) -> list[str]:
        return [entry.action for entry in self.audit_log.entries if entry.job_id == job_id]

    def announced(self, job_id: UUID) -> list[str]:
        """The events of that job, oldest first."""
        return [name for name, job in self.events.events if job.id == job_id]


def raising(error: BaseException) -> Callable[[], None]:
    def throw() -> None:
        raise error

    return throw


def once(action: Callable[[], object]) -> Callable[[], None]:
    """The first time only: what `action` does may come by the same place again."""
    waiting = [action]

    def act() -> None:
        if waiting:
            waiting.pop()()

    return act


def read_all(stream: Any) -> bytes:
    with stream as opened:
        binary: BinaryIO = opened
        return binary.read()
