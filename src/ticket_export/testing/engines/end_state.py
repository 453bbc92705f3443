"""What is left when the chaos is over, and what must be true of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from hashlib import sha256
from io import BytesIO
from uuid import UUID
from zipfile import ZipFile

import attrs

from ticket_export.application.file.export_file import attempt_of, manifest_key
from ticket_export.application.ports.audit_log import AuditAction
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.testing.engines.arena import Arena
from ticket_export.testing.entities import AN_ACTOR

# What the audit log says of a job that was requested and completed: each of these once, and none of those.
_ONCE = {AuditAction.REQUESTED, AuditAction.COMPLETED}
_NEVER = {AuditAction.RETRIED, AuditAction.FAILED, AuditAction.CANCELLED, AuditAction.CLEANED_UP}


@attrs.frozen(kw_only=True)
class EndState:
    """Everything that the database and the storage have of the exports."""

    jobs: tuple[ExportJob, ...]
    #: The keys in ``MediaItems``, one for each row.
    media_items: Counter[str]
    #: The digest of each object's content, by its key.
    objects: dict[str, str]
    #: The digest of what each job should have written, without the jobs whose tickets change.
    expected: dict[UUID, str]
    recorded: Counter[tuple[UUID, str]]

    @classmethod
    def of(cls, arena: Arena, *, changing: Collection[UUID] = ()) -> EndState:
        """Return that of the arena; the tickets of the jobs `changing` change all the time."""
        tables = arena.container.tables()
        jobs, items, entries = tables.export_jobs, tables.media_items, tables.export_audit_entries
        with arena.container.engine().connect() as connection:
            job_ids = connection.execute(jobs.select().with_only_columns(jobs.c.id)).scalars().all()
            media_items = Counter(connection.execute(items.select().with_only_columns(items.c.object_key)).scalars())
            of_jobs = entries.select().with_only_columns(entries.c.export_job_id, entries.c.action)
            recorded = Counter(map(tuple, connection.execute(of_jobs)))
        with arena.container.unit_of_work() as work:
            found = tuple(work.jobs.find_all(job_ids))
        # All but the owner object.
        keys = [key for key in arena.container.storage().list(arena.prefix) if attempt_of(key)]
        return cls(
            jobs=found,
            media_items=media_items,
            objects={key: _digest(arena.read(key)) for key in keys},
            expected={job.id: _digest(undisturbed(arena, job)) for job in found if job.id not in changing},
            recorded=recorded,
        )

    @property
    def attempts(self) -> int:
        """How many attempts there were."""
        return sum(_task(job)[1] for job in self.jobs)

    @property
    def lost_attempts(self) -> int:
        """How many attempts were lost."""
        return sum(_task(job)[2] for job in self.jobs)

    @property
    def handed_back(self) -> int:
        """Attempts that neither completed nor were lost."""
        return self.attempts - self.lost_attempts - len(self.jobs)

    @property
    def text(self) -> str:
        """The counts, in one line."""
        statuses = Counter(job.status.developer_name for job in self.jobs)
        tasks = Counter(_task(job)[0].value for job in self.jobs)
        actions = Counter[str]()
        for (_, action), count in self.recorded.items():
            actions[action] += count
        return (
            f"jobs {dict(statuses)}, tasks {dict(tasks)}, {self.attempts} attempts, {self.lost_attempts} lost, "
            f"{self.handed_back} handed back, {self.media_items.total()} media items, {len(self.objects)} objects, "
            f"audit {dict(actions)}"
        )

    def require_whole(self) -> None:
        """Fail unless every job is complete, exactly once, with exactly its own file, and nothing else is there."""
        assert [job.error_message for job in self.jobs if job.error_message] == []
        assert {job.status for job in self.jobs} == {ExportJobStatus.COMPLETED}
        assert {_task(job)[0] for job in self.jobs} == {BackgroundTaskStatus.COMPLETE}
        keys = {job.id: job.media_item.object_key for job in self.jobs if job.media_item}
        # One media item and one object, with its manifest, for each job, and no others.
        assert self.media_items == Counter(keys.values())
        assert set(self.objects) == set(keys.values()) | set(map(manifest_key, keys.values()))
        assert len(keys) == len(set(keys.values())) == len(self.jobs)
        # The file is that of the last attempt: none came to its end after the one that completed the job.
        assert {attempt_of(key) for key in keys.values()} == {(job.id, _task(job)[1]) for job in self.jobs}
        assert {job_id: self.objects[keys[job_id]] for job_id in self.expected} == self.expected
        # What is committed is recorded with it.
        ends = {action: [self.recorded[job.id, action] for job in self.jobs] for action in _ONCE | _NEVER}
        assert ends == {action: [int(action in _ONCE)] * len(self.jobs) for action in ends}
        assert all(1 <= self.recorded[job.id, AuditAction.STARTED] <= _task(job)[1] for job in self.jobs)
        assert {job_id for job_id, _ in self.recorded} == {job.id for job in self.jobs}


def undisturbed(arena: Arena, job: ExportJob) -> bytes:
    """Return the file of that job, made here without the engine."""
    source = arena.container.ticket_source()
    columns = source.columns(AN_ACTOR)
    view = read_view(job.snapshot_payload_json, columns)
    query = TicketQuery.of(view, columns, actor=AN_ACTOR, as_of=job.requested_at)
    file_format = arena.container.file_formats().of(view.file)
    container = file_format.container(query.columns)
    with source.open(query, file_format) as reader:
        assert reader.count() > 0
        return b"".join([container.begin(), *map(container.add, reader.blocks()), container.end()])


def _task(job: ExportJob) -> tuple[BackgroundTaskStatus, int, int]:
    task = job.background_task
    assert task is not None
    return task.status, task.fencing_token, task.number_of_retries


def _digest(data: bytes) -> str:
    if data.startswith(b"PK"):
        # How well a workbook is packed may depend on its blocks.
        with ZipFile(BytesIO(data)) as book:
            data = b"".join(name.encode() + book.read(name) for name in book.namelist())
    return sha256(data).hexdigest()
