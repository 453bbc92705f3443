"""A host's container, as ``--app`` takes it, whose parts tell the faults of every step that they take."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import get_ident
from types import TracebackType
from typing import Self

import attrs
import pytest
from dependency_injector.providers import Factory, ThreadSafeSingleton
from sqlalchemy import Connection, Engine

from tests.chaos.fault import Faults, Step
from ticket_export.application.checks.storage_check import CHECK_NAME
from ticket_export.application.file.export_file import attempt_of
from ticket_export.application.ports.audit_log import AuditAction, AuditEntry
from ticket_export.application.ports.export_storage import ObjectWriter
from ticket_export.application.run.attempt import PROGRESS_INTERVAL
from ticket_export.container import TicketExportContainer
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.export_job_repository import SqlAlchemyExportJobRepository
from ticket_export.infrastructure.persistence.tables import Tables
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.infrastructure.storage.local.storage import LocalStorage
from ticket_export.settings import Settings

_QUEUED, _RUNNING, _COMPLETED = ExportJobStatus.QUEUED, ExportJobStatus.RUNNING, ExportJobStatus.COMPLETED
# What a transaction does with its job, by the status before and after: the step before the commit, and the one after.
_COMMITS = {
    (_QUEUED, _RUNNING): (Step.CLAIMING, Step.CLAIMED),
    (_RUNNING, _RUNNING): (Step.REPORTING, Step.REPORTED),
    (_RUNNING, _COMPLETED): (Step.COMPLETING, Step.COMPLETED),
    (_RUNNING, _QUEUED): (Step.HANDING_BACK, Step.HANDED_BACK),
}


class _Jobs(SqlAlchemyExportJobRepository):
    def __init__(
        self, connection: Connection, tables: Tables, written: list[tuple[ExportJobStatus, ExportJobStatus]]
    ) -> None:
        super().__init__(connection, tables)
        self._written = written

    def update(self, job: ExportJob, *, was: ExportJobStatus) -> None:
        super().update(job, was=was)
        self._written.append((was, job.status))


class _UnitOfWork(SqlAlchemyUnitOfWork):
    def __init__(self, faults: Faults, engine: Engine, tables: Tables) -> None:
        super().__init__(engine, tables)
        self._faults = faults
        self._written: list[tuple[ExportJobStatus, ExportJobStatus]] = []

    def __enter__(self) -> Self:
        with ExitStack() as entered:
            entered.enter_context(self._faults.transaction)
            super().__enter__()
            self._entered = entered.pop_all()
        return self

    @property
    def jobs(self) -> _Jobs:
        return _Jobs(self._begun(), self._tables, self._written)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._entered:
            super().__exit__(exc_type, exc, traceback)

    def commit(self) -> None:
        steps = _COMMITS.get(self._written[-1]) if self._written else None
        if steps:
            self._faults.reach(steps[0])
        super().commit()
        if steps:
            self._faults.reach(steps[1])


class _AuditLog(SqlAlchemyAuditLog):
    def __init__(self, faults: Faults, engine: Engine, tables: Tables) -> None:
        super().__init__(engine, tables)
        self._faults = faults

    def record(self, entry: AuditEntry) -> None:
        with self._faults.transaction:
            super().record(entry)
        if entry.action is AuditAction.STARTED:
            self._faults.reach(Step.STARTED)


@attrs.frozen
class _Writer:
    writer: ObjectWriter
    faults: Faults

    def write(self, data: bytes, /) -> None:
        self.writer.write(data)
        self.faults.reach(Step.WRITING)
        if self.faults.need_time:
            time.sleep(PROGRESS_INTERVAL.total_seconds())


class _Storage(LocalStorage):
    def __init__(self, faults: Faults, settings: Settings) -> None:
        super().__init__(LocalStorage.from_url(settings.storage_url, settings)._root)
        self._faults = faults

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        if attempt_of(key) is None or key.endswith(CHECK_NAME):
            # Neither the owner object nor the check of a worker that starts is a step of an export.
            with super().open_writer(key, content_type) as writer:
                yield writer
            return
        with ExitStack() as until_written:
            writer = until_written.enter_context(super().open_writer(key, content_type))
            yield _Writer(writer, self._faults)
            self._faults.reach(Step.WRITTEN)
            with _telling_of_syncs(self._faults):
                until_written.close()
        self._faults.reach(Step.PUBLISHED)


@contextmanager
def _telling_of_syncs(faults: Faults) -> Iterator[None]:
    sync, publisher = os.fsync, get_ident()

    def tell(descriptor: int) -> None:
        sync(descriptor)
        # The sweep of another thread syncs too.
        if get_ident() == publisher:
            faults.reach(Step.SYNCED)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", tell)
        yield


container = TicketExportContainer()
_faults = ThreadSafeSingleton(Faults.of_this_process)
container.unit_of_work.override(Factory(_UnitOfWork, _faults, container.engine, container.tables))
container.audit_log.override(Factory(_AuditLog, _faults, container.engine, container.tables))
container.storage.override(ThreadSafeSingleton(_Storage, _faults, container.settings))
