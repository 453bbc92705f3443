"""The use-cases on in-memory adapters, with places where a test may let something happen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Self
from uuid import UUID, uuid4

import attrs

from ticket_export import (
    Actor,
    BackgroundTask,
    ColumnKind,
    CsvFormat,
    ExportJob,
    ExportPolicy,
    GetExport,
    ListExports,
    OpenDownload,
    RequestExport,
    RunExport,
    SystemPermissions,
    TicketColumn,
    TicketColumns,
    User,
)
from ticket_export.application.ports.export_storage import ObjectWriter
from ticket_export.application.ports.ticket_source import TicketReader
from ticket_export.infrastructure.memory.audit_log import InMemoryAuditLog
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.database import InMemoryDatabase
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket, InMemoryTicketSource
from ticket_export.infrastructure.memory.unit_of_work import InMemoryUnitOfWork
from ticket_export.infrastructure.memory.user_directory import InMemoryUserDirectory

if TYPE_CHECKING:
    from ticket_export.application.ports.ticket_source import CsvBlock
    from ticket_export.application.ticket_query import TicketQuery

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
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

    Places: ``source.open``, ``source.count``, ``source.block`` (before the second and later blocks),
    ``source.close``, ``storage.open``, ``storage.write`` (not for the header), ``storage.publish``,
    ``storage.delete``, ``storage.provider``, ``audit.<action>``, ``queue.dispatch``, ``work.enter``,
    ``work.<status>`` (before a commit that leaves a job in that status) and ``work.<status>.committed``.
    """

    happen: dict[str, Callable[[], None]] = attrs.field(factory=dict)
    database: InMemoryDatabase = attrs.field(factory=InMemoryDatabase)
    clock: InMemoryClock = attrs.field(factory=lambda: InMemoryClock(NOW))
    columns: TicketColumns = COLUMNS
    tickets: list[InMemoryTicket] = attrs.field(factory=list)
    csv_format: CsvFormat = attrs.field(factory=CsvFormat)
    retention: timedelta = timedelta(hours=72)
    lease: timedelta = timedelta(seconds=30)
    users: InMemoryUserDirectory = attrs.field(init=False)
    storage: WatchedStorage = attrs.field(init=False)
    audit_log: WatchedAuditLog = attrs.field(init=False)
    queue: WatchedQueue = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.users = InMemoryUserDirectory(self.database)
        self.storage = WatchedStorage(self)
        self.audit_log = WatchedAuditLog(self)
        self.queue = WatchedQueue(self)

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

    def unit_of_work(self) -> WatchedUnitOfWork:
        return WatchedUnitOfWork(self)

    @property
    def request_export(self) -> RequestExport:
        return RequestExport(
            unit_of_work=self.unit_of_work,
            ticket_source=WatchedSource(self),
            task_queue=self.queue,
            audit_log=self.audit_log,
            policy=ExportPolicy(),
            clock=self.clock,
            retention=self.retention,
        )

    @property
    def run_export(self) -> RunExport:
        return RunExport(
            unit_of_work=self.unit_of_work,
            ticket_source=WatchedSource(self),
            storage=self.storage,
            user_directory=self.users,
            audit_log=self.audit_log,
            policy=ExportPolicy(),
            clock=self.clock,
            csv_format=self.csv_format,
            lease=self.lease,
            worker="worker",
        )

    @property
    def get_export(self) -> GetExport:
        return GetExport(unit_of_work=self.unit_of_work, policy=ExportPolicy())

    @property
    def list_exports(self) -> ListExports:
        return ListExports(unit_of_work=self.unit_of_work, policy=ExportPolicy())

    @property
    def open_download(self) -> OpenDownload:
        return OpenDownload(
            unit_of_work=self.unit_of_work,
            storage=self.storage,
            audit_log=self.audit_log,
            policy=ExportPolicy(),
            clock=self.clock,
        )

    def job(self, job_id: UUID) -> ExportJob:
        """The job as it is stored, not as a use-case shows it."""
        return self.database.committed.jobs[job_id]

    def task(self, job_id: UUID) -> BackgroundTask:
        task_id = self.job(job_id).background_task_id
        assert task_id is not None
        return self.database.committed.tasks[task_id]

    def change(self, job: ExportJob) -> None:
        """Behind every use-case's back."""
        self.database.committed.jobs[job.id] = job

    def take_over(self, job_id: UUID) -> None:
        """Another worker claims the task, as it may once the lease has ended."""
        task = attrs.evolve(self.task(job_id))
        task.claim(NOW + timedelta(days=1), worker="another", lease=self.lease)
        self.database.committed.tasks[task.id] = task

    def audited(self, job_id: UUID) -> list[str]:
        return [entry.action for entry in self.audit_log.entries if entry.job_id == job_id]


class WatchedUnitOfWork(InMemoryUnitOfWork):
    def __init__(self, desk: HelpDesk) -> None:
        super().__init__(desk.database)
        self._desk = desk

    def __enter__(self) -> Self:
        self._desk.at("work.enter")
        return super().__enter__()

    def commit(self) -> None:
        before = self._desk.database.committed.jobs
        changed = [job for job in self._transaction.reading().jobs.values() if before.get(job.id) != job]
        for job in changed:
            self._desk.at(f"work.{job.status}")
        super().commit()
        for job in changed:
            self._desk.at(f"work.{job.status}.committed")


@attrs.frozen
class WatchedSource:
    desk: HelpDesk

    @property
    def columns(self) -> TicketColumns:
        return self.desk.columns

    @contextmanager
    def open(self, query: TicketQuery, csv_format: CsvFormat) -> Iterator[TicketReader]:
        self.desk.at("source.open")
        with InMemoryTicketSource(self.desk.columns, self.desk.tickets).open(query, csv_format) as reader:
            yield _WatchedReader(self.desk, reader)
        self.desk.at("source.close")


@attrs.frozen
class _WatchedReader:
    desk: HelpDesk
    reader: TicketReader

    def count(self) -> int:
        self.desk.at("source.count")
        return self.reader.count()

    def blocks(self) -> Iterator[CsvBlock]:
        for number, block in enumerate(self.reader.blocks()):
            if number:
                self.desk.at("source.block")
            yield block


class WatchedStorage(InMemoryStorage):
    def __init__(self, desk: HelpDesk) -> None:
        super().__init__()
        self._desk = desk

    @property
    def provider(self) -> str:  # type: ignore[override]
        self._desk.at("storage.provider")
        return "memory"

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        self._desk.at("storage.open")
        with super().open_writer(key, content_type) as writer:
            yield _WatchedWriter(self._desk, writer)
            self._desk.at("storage.publish")

    def delete(self, key: str) -> None:
        self._desk.at("storage.delete")
        super().delete(key)


@attrs.define
class _WatchedWriter:
    desk: HelpDesk
    writer: ObjectWriter
    _written: bool = False

    def write(self, data: bytes, /) -> object:
        if self._written:
            self.desk.at("storage.write")
        self._written = True
        return self.writer.write(data)


class WatchedAuditLog(InMemoryAuditLog):
    def __init__(self, desk: HelpDesk) -> None:
        super().__init__()
        self._desk = desk

    def record(self, entry: Any) -> None:
        self._desk.at(f"audit.{entry.action}")
        super().record(entry)


class WatchedQueue(InMemoryTaskQueue):
    def __init__(self, desk: HelpDesk) -> None:
        super().__init__()
        self._desk = desk

    def dispatch(self, task: BackgroundTask) -> None:
        self._desk.at("queue.dispatch")
        super().dispatch(task)


def raising(error: BaseException) -> Callable[[], None]:
    def throw() -> None:
        raise error

    return throw


def read_all(stream: Any) -> bytes:
    with stream as opened:
        binary: BinaryIO = opened
        return binary.read()
