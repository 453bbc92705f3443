"""In-memory adapters that tell the help desk where they are, so that a test may let something happen there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol, Self
from uuid import UUID

import attrs

from ticket_export import Actor
from ticket_export.application.ports.audit_log import AuditEntry, AuditLog
from ticket_export.application.ports.export_storage import ObjectWriter
from ticket_export.application.ports.file_format import FileFormat, RowBlock
from ticket_export.application.ports.ticket_source import TicketReader
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.domain.user_id import UserId
from ticket_export.infrastructure.memory.audit_log import InMemoryAuditLog
from ticket_export.infrastructure.memory.database import InMemoryDatabase, InMemoryTransaction
from ticket_export.infrastructure.memory.export_events import InMemoryExportEvents
from ticket_export.infrastructure.memory.export_job_repository import InMemoryExportJobRepository
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket, InMemoryTicketSource
from ticket_export.infrastructure.memory.unit_of_work import InMemoryUnitOfWork
from ticket_export.infrastructure.memory.user_directory import InMemoryUserDirectory
from ticket_export.ports import BackgroundTask, ExportJob, TicketColumns


class Desk(Protocol):
    """Who is told."""

    database: InMemoryDatabase
    columns: TicketColumns
    tickets: list[InMemoryTicket]

    def at(self, place: str) -> None: ...


class WatchedUnitOfWork(InMemoryUnitOfWork):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.database)
        self._desk = desk

    @property
    def jobs(self) -> WatchedJobs:
        return WatchedJobs(self._desk, self._transaction)

    def __enter__(self) -> Self:
        self._desk.at("work.enter")
        return super().__enter__()

    def audit(self, audit_log: AuditLog, entry: AuditEntry) -> bool:
        if isinstance(audit_log, InMemoryAuditLog):
            self._desk.at(f"audit.{entry.action}")
        return super().audit(audit_log, entry)

    def commit(self) -> None:
        before = self._desk.database.committed.jobs
        changed = [job for job in self._transaction.reading().jobs.values() if before.get(job.id) != job]
        removed = before.keys() - self._transaction.reading().jobs.keys()
        states = [_state(job) for job in changed] + ["removed"] * len(removed)
        for state in states:
            self._desk.at(f"work.{state}")
        super().commit()
        for state in states:
            self._desk.at(f"work.{state}.committed")


def _state(job: ExportJob) -> str:
    return "cleaned_up" if job.is_cleaned_up else job.status.developer_name


class WatchedJobs(InMemoryExportJobRepository):
    def __init__(self, desk: Desk, transaction: InMemoryTransaction) -> None:
        super().__init__(transaction)
        self._desk = desk

    def find(self, job_id: UUID) -> ExportJob | None:
        job = super().find(job_id)
        self._desk.at("jobs.found")
        return job

    def remove(self, job_id: UUID) -> bool:
        self._desk.at("jobs.remove")
        self._desk.at(f"jobs.remove {job_id}")
        return super().remove(job_id)


@attrs.frozen
class WatchedSource:
    desk: Desk

    def columns(self, actor: Actor) -> TicketColumns:
        return self.desk.columns

    @contextmanager
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> Iterator[TicketReader]:
        self.desk.at("source.open")
        with InMemoryTicketSource(self.desk.columns, self.desk.tickets).open(query, file_format) as reader:
            try:
                yield _WatchedReader(self.desk, reader)
            except BaseException:
                self.desk.at("source.abandon")
                raise
        self.desk.at("source.close")


@attrs.frozen
class _WatchedReader:
    desk: Desk
    reader: TicketReader

    def count(self) -> int:
        self.desk.at("source.count")
        return self.reader.count()

    def blocks(self) -> Iterator[RowBlock]:
        for number, block in enumerate(self.reader.blocks()):
            if number:
                self.desk.at("source.block")
            yield block

    def interrupt(self) -> None:
        self.desk.at("source.interrupt")


class WatchedStorage(InMemoryStorage):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    @property
    def provider(self) -> str:  # type: ignore[override]
        self.desk.at("storage.provider")
        return "memory"

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        kind = _kind(key)
        self.desk.at(f"{kind}.open")
        with super().open_writer(key, content_type) as writer:
            yield _WatchedWriter(self.desk, writer)
            self.desk.at(f"{kind}.publish")

    def delete(self, key: str) -> None:
        kind = _kind(key)
        self.desk.at(f"{kind}.delete")
        self.desk.at(f"{kind}.delete {key}")
        super().delete(key)
        self.desk.at(f"{kind}.delete.done")

    def list(self, prefix: str) -> Iterator[str]:
        yield from super().list(prefix)
        self.desk.at("storage.list.done")


class LinkingStorage(WatchedStorage):
    """Gives links that say what was asked for."""

    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        self.desk.at("storage.link")
        return (
            f"https://files.example.test/{key}?name={file_name}&type={content_type}&for={expires_in.total_seconds():g}"
        )


def _kind(key: str) -> str:
    if key.endswith("/owner.json"):
        return "owner"
    return "manifest" if key.endswith(".manifest.json") else "storage"


@attrs.define
class _WatchedWriter:
    desk: Desk
    writer: ObjectWriter
    _written: bool = False

    def write(self, data: bytes, /) -> object:
        if self._written:
            self.desk.at("storage.write")
        self._written = True
        return self.writer.write(data)

    def interrupt(self) -> None:
        self.desk.at("storage.interrupt")


class WatchedUsers(InMemoryUserDirectory):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.database)
        self._desk = desk

    def find(self, user_id: UserId) -> Actor | None:
        self._desk.at("users.find")
        return super().find(user_id)


class WatchedAuditLog(InMemoryAuditLog):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def record(self, entry: AuditEntry) -> None:
        self._desk.at(f"audit.{entry.action}")
        super().record(entry)


@attrs.define
class WatchedOwnAuditLog:
    """One of the host's own, of which a unit of work knows nothing."""

    desk: Desk
    entries: list[AuditEntry] = attrs.field(factory=list)

    def record(self, entry: AuditEntry) -> None:
        self.desk.at(f"audit.{entry.action}")
        self.entries.append(entry)


class WatchedEvents(InMemoryExportEvents):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def completed(self, job: ExportJob) -> None:
        self._desk.at("events.completed")
        super().completed(job)

    def failed(self, job: ExportJob) -> None:
        self._desk.at("events.failed")
        super().failed(job)

    def expired(self, job: ExportJob) -> None:
        self._desk.at("events.expired")
        super().expired(job)


class WatchedQueue(InMemoryTaskQueue):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def dispatch(self, task: BackgroundTask) -> None:
        self._desk.at("queue.dispatch")
        super().dispatch(task)
