"""The container of a host on Django, on Django's own connections until a block ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from threading import Lock
from typing import Any, Final, Self
from uuid import UUID

import attrs
from dependency_injector.providers import Callable, Factory, Object
from django.core import mail

from ticket_export.application.file.ownership import OwnershipMemory
from ticket_export.application.run.claims import Claims
from ticket_export.application.run.export_task import job_id_of
from ticket_export.application.run.run_outcome import RunOutcome, RunResult
from ticket_export.container import TicketExportContainer
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.entrypoints.django.current_container import exports_container, jobs_alias, tickets_alias
from ticket_export.errors import ConfigurationError, ExportNotFoundError
from ticket_export.infrastructure.django.connection import engine_on_django
from ticket_export.infrastructure.django.one_connection.ticket_source import OneConnectionTicketSource
from ticket_export.infrastructure.django.one_connection.unit_of_work import OneConnectionUnitOfWork
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.system_clock import SystemClock

# No heartbeat comes in this time: it would come from another thread, which has another connection of Django.
_NEVER: Final = timedelta(days=3650)
# The containers that a block has now.
_in_use: set[int] = set()
_lock: Final = Lock()


@attrs.frozen
class ExportsInTests:
    """The exports of a test. `container` is that of the host, and `storage` has the files."""

    container: TicketExportContainer
    storage: InMemoryStorage
    _queue: InMemoryTaskQueue

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """Return this one: Django's ``TestCase`` copies what ``setUpTestData`` makes, and a copy has no files."""
        return self

    @property
    def hints(self) -> Sequence[UUID]:
        """The exports of which a commit has told the workers, oldest first.

        Django's ``TestCase`` commits nothing: there, request an export in a block of
        ``captureOnCommitCallbacks(execute=True)``.
        """
        return [job_id for task in self._queue.dispatched if (job_id := job_id_of(task))]

    def run(self) -> Sequence[RunOutcome]:
        """Run the exports that wait, in this thread, and return what came of each."""
        outcomes = []
        run_next_export = self.container.run_next_export()
        while (outcome := run_next_export()).result is not RunResult.NOTHING:
            outcomes.append(outcome)
        return outcomes

    def file(self, job_id: UUID | str) -> bytes:
        """Return the file of an export, as a user downloads it. No right is asked for, and no download is recorded.

        Raises:
            ExportNotFoundError: there is no such export.
            AssertionError: the export has no file; the message has its status and its error message.
        """
        job = self._job(UUID(str(job_id)))
        if job.status != ExportJobStatus.COMPLETED or job.media_item is None:
            error = f": {job.error_message}" if job.error_message else ""
            raise AssertionError(f"export {job.id} has no file; it is {job.status.label}{error}")
        return self.storage.objects[job.media_item.object_key]

    def text(self, job_id: UUID | str) -> str:
        """Return the file of an export as text, without a byte order mark.

        Raises:
            ExportNotFoundError, AssertionError: as for `file`.
            UnicodeDecodeError: the file is a workbook, or compressed.
        """
        return self.file(job_id).decode("utf-8-sig")

    def _job(self, job_id: UUID) -> ExportJob:
        with self.container.unit_of_work() as work:
            job = work.jobs.find(job_id)
        if job is None:
            raise ExportNotFoundError(job_id)
        return job


@contextmanager
def exports_in_tests(container: TicketExportContainer | None = None) -> Iterator[ExportsInTests]:
    """Until the block ends, export on Django's connections, into memory; the queue only notes its hints.

    `container` is that of ``TICKET_EXPORT_APP`` unless you pass another. Users, rights, catalog, formats, events and
    the audit log stay the host's. Times are those of this machine.

    Raises:
        ConfigurationError: Django's tests do not run, or another block has the container already.
    """
    if not hasattr(mail, "outbox"):
        raise ConfigurationError(
            "exports_in_tests is for tests: start them by `python manage.py test` or with pytest-django, which set up "
            "Django's test environment"
        )
    used = container or exports_container()
    exports = ExportsInTests(used, InMemoryStorage(), InMemoryTaskQueue())
    with _alone(used), ExitStack() as stack:
        for name, provider in _parts(exports).items():
            stack.enter_context(getattr(used, name).override(provider))
        yield exports


def _parts(exports: ExportsInTests) -> dict[str, Any]:
    used: Any = exports.container
    return {
        "engine": Callable(lambda: engine_on_django(jobs_alias())),
        "tickets_engine": Callable(lambda catalog: engine_on_django(tickets_alias(catalog)), used.catalog),
        "unit_of_work": Factory(OneConnectionUnitOfWork, Callable(jobs_alias), used.tables),
        "ticket_source": Factory(OneConnectionTicketSource, Callable(tickets_alias, used.catalog), used.catalog),
        "storage": Object(exports.storage),
        "ownership_memory": Object(OwnershipMemory()),
        "task_queue": Object(exports._queue),
        "clock": Object(SystemClock()),
        "claims": Factory(Claims, **{**used.claims.kwargs, "lease": _NEVER, "progress_interval": _NEVER}),
    }


@contextmanager
def _alone(container: TicketExportContainer) -> Iterator[None]:
    key = id(container)
    with _lock:
        if key in _in_use:
            raise ConfigurationError("exports_in_tests: another block has this container already; use what it returned")
        _in_use.add(key)
    try:
        yield
    finally:
        with _lock:
            _in_use.discard(key)
