"""Export jobs in the table ``ExportJobs``."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    RowMapping,
    Select,
    Table,
    Text,
    Update,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    insert,
    select,
    update,
)

from ticket_export.application.ports.export_job_repository import UNREADABLE, ExportJobRepository, FilesAtPlace
from ticket_export.application.view.limits import SHORT_VIEW
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user_id import UserId
from ticket_export.errors import JobDatabaseError, LeaseLostError
from ticket_export.infrastructure.persistence.database.errors import OWN_TRANSACTION
from ticket_export.infrastructure.persistence.instant import SPELLING_SLACK, Instant
from ticket_export.infrastructure.persistence.mapping import changes_of, entity_from, row_of
from ticket_export.infrastructure.persistence.removal import cleared_stamps, is_deleted
from ticket_export.infrastructure.persistence.requester import requester_columns, requester_from
from ticket_export.infrastructure.persistence.tables import Tables

_log = logging.getLogger(__name__)

_ACTIVE = [status for status in ExportJobStatus.supported_types() if not status.is_final]
_ENDED = [BackgroundTaskStatus.COMPLETE, BackgroundTaskStatus.ERROR]
# The key of the job's reference to its task.
_TASK = "background_task_id"
# The label of a job's view in a row.
_VIEW = "ticket_export_view"
# What the keys of the library's files are like.
_OWN_KEYS = "exports/" + "-".join("_" * length for length in (8, 4, 4, 4, 12)) + "/%"
# A statement has at most 65,535 parameters on PostgreSQL, 32,766 on SQLite, and 999 before its version 3.32.
_IDS_AT_ONCE = 900
# Separates the library's advisory locks on PostgreSQL from the host's.
_LOCK_SEED = 0x7469636B6574
# Seconds that a request waits for another request of the same user, and seconds between two tries.
_LONGEST_WAIT, _TRY_EVERY = 5.0, 0.02


class SqlAlchemyExportJobRepository(ExportJobRepository):
    """Works on one open connection, inside its transaction."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables
        self._jobs = tables.export_jobs

    def add(self, job: ExportJob) -> None:
        row = row_of(job, self._jobs)
        if not self._tables.has_own_tasks:
            self._connection.execute(insert(self._jobs), row)
            return
        # The reference belongs to the other program that has this table; our task refers to the job.
        self._connection.execute(insert(self._jobs), {**row, _TASK: None})
        if job.background_task_id is not None:
            tasks = self._tables.export_tasks
            stored = update(tasks).where(tasks.c.id == job.background_task_id).values(export_job_id=job.id)
            if self._connection.execute(stored).rowcount == 0:
                raise JobDatabaseError(f"export {job.id} refers to a task that is not stored")

    def find(self, job_id: UUID) -> ExportJob | None:
        whole = _whole_job(self._tables, self._connection.dialect.name)
        return next(iter(self._found(whole, {"job_id": job_id})), None)

    def keep(self, job_id: UUID) -> bool:
        return self._connection.execute(_kept_job(self._jobs), {"job_id": job_id}).one_or_none() is not None

    def update(self, job: ExportJob, *, was: ExportJobStatus) -> None:
        changes = changes_of(job, self._jobs)
        if self._tables.has_own_tasks:
            changes = {key: value for key, value in changes.items() if key != _TASK}
        changed = self._connection.execute(_unchanged_job(self._jobs), {**changes, "same_id": job.id, "was": was})
        if changed.rowcount == 0:
            raise LeaseLostError(f"export {job.id} is no longer {was}, or is cleaned up")

    def page(
        self, *, requester_ids: Collection[UserId] | None, offset: int, limit: int
    ) -> tuple[Sequence[ExportJob], int]:
        jobs, total = self._selected(), select(func.count()).select_from(self._jobs)
        jobs, total = jobs.where(self._has_known_status), total.where(self._has_known_status)
        if requester_ids is not None:
            theirs = self._are_by(requester_ids)
            jobs, total = jobs.where(theirs), total.where(theirs)
        newest_first = jobs.order_by(Instant(self._jobs.c.requested_at).desc(), self._jobs.c.id.desc())
        found = self._readable(newest_first.offset(offset).limit(limit))
        return found, self._connection.execute(total).scalar_one()

    def count_of(self, requester_user_id: UserId) -> int:
        # Another program may have statuses that the library does not know.
        theirs = self._jobs.c.requester_user_id == requester_user_id
        return self._connection.execute(select(func.count()).select_from(self._jobs).where(theirs)).scalar_one()

    def active_of(self, requester_user_id: UserId) -> Sequence[ExportJob]:
        self._wait_for_turn_of(requester_user_id)
        mine = (self._jobs.c.requester_user_id == requester_user_id) & self._jobs.c.status.in_(_ACTIVE)
        if self._tables.has_own_tasks:
            mine &= self._has_own_task
        return self._readable(self._selected().where(mine).order_by(self._jobs.c.requested_at, self._jobs.c.id))

    def find_all(self, job_ids: Collection[UUID]) -> Sequence[ExportJob]:
        ids = list(set(job_ids))
        return [
            job
            for start in range(0, len(ids), _IDS_AT_ONCE)
            for job in self._found(self._selected().where(self._jobs.c.id.in_(ids[start : start + _IDS_AT_ONCE])))
        ]

    def due_for_clean_up(self, *, now: datetime, after: ExportJob | None, limit: int) -> Sequence[ExportJob]:
        items = self._tables.media_items.c
        has_no_other_file = items.id.is_(None) | items.object_key.like(_OWN_KEYS)
        return self._by_expiry(self._jobs.c.is_cleaned_up.is_(False) & has_no_other_file, now, after, limit)

    def files_by_place(self, *, now: datetime) -> Sequence[FilesAtPlace]:
        jobs, items = self._jobs.c, self._tables.media_items.c
        provider, place = items.file_storage_provider, items.storage_place
        expired = func.sum(case((Instant(jobs.expires_at) <= now, 1), else_=0), type_=Integer)
        found = (
            select(provider, place, func.count(), expired)
            .join_from(self._jobs, self._tables.media_items, items.id == jobs.media_item_id)
            .where(jobs.is_cleaned_up.is_(False), items.object_key.like(_OWN_KEYS), self._is_ours)
            .group_by(provider, place)
        )
        rows = self._connection.execute(found).all()
        return [
            FilesAtPlace(provider=kind, place=url, files=files, expired=int(over))
            for kind, url, files, over in sorted(rows, key=lambda row: (row[0], row[1] or ""))
        ]

    def due_for_purge(self, name: str, *, before: datetime, after: ExportJob | None, limit: int) -> Sequence[ExportJob]:
        jobs = self._jobs.c
        # Nothing changes a job after its clean-up.
        changed = jobs.last_modification_time
        was_cleaned_up = jobs.is_cleaned_up.is_(True) & (changed.is_(None) | (Instant(changed) <= before))
        return self._by_expiry(was_cleaned_up & (self._tables.background_tasks.c.name == name), before, after, limit)

    def remove(self, job_id: UUID) -> bool:
        return is_deleted(self._connection, self._jobs, job_id)

    def clear_stamps_of(self, user_id: UserId, *, name: str, limit: int) -> int:
        tasks, jobs = self._tables.background_tasks.c, self._jobs.c
        has_own = self._tables.has_own_tasks
        ours = select(tasks.export_job_id if has_own else tasks.id).where(tasks.name == name)
        is_ours = (jobs.id if has_own else jobs.background_task_id).in_(ours)
        return cleared_stamps(self._connection, self._jobs, user_id, is_ours, limit)

    def active_without_task(self, name: str, *, before: datetime, limit: int, skip: int = 0) -> Sequence[ExportJob]:
        tasks, jobs = self._tables.background_tasks.c, self._jobs.c
        changed = jobs.last_modification_time
        is_settled = (jobs.requested_at <= before) & (jobs.creation_time <= before)
        is_settled &= changed.is_(None) | (changed <= before)
        # In both terms: outside of them, SQLite expects few rows after this condition and skips the status's index.
        uncleaned = jobs.is_cleaned_up.is_(False)
        # Not by the join, which leaves out a task whose status the library does not know.
        other = self._tables.background_tasks.alias()
        gone = ~exists().where(other.c.id == jobs.background_task_id) & is_settled & uncleaned
        ended = (tasks.name == name) & tasks.status.in_(_ENDED) & uncleaned
        # A job without a task of ours belongs to another program, if our tasks have a table of their own.
        abandoned = self._jobs.c.status.in_(_ACTIVE) & (ended if self._tables.has_own_tasks else gone | ended)
        oldest_first = self._selected().where(abandoned).order_by(self._jobs.c.requested_at, self._jobs.c.id)
        return self._found(oldest_first.offset(skip or None).limit(limit))

    def _by_expiry(
        self, is_wanted: ColumnElement[bool], expired_by: datetime, after: ExportJob | None, limit: int
    ) -> Sequence[ExportJob]:
        column, expires_at, job_id = self._jobs.c.expires_at, Instant(self._jobs.c.expires_at), self._jobs.c.id
        # In each pair, the comparison of the column itself uses the index.
        is_expired = (column <= expired_by + SPELLING_SLACK) & (expires_at <= expired_by)
        due = self._selected().where(is_expired & is_wanted & self._is_ours)
        if after is not None:
            beyond = (expires_at > after.expires_at) | (job_id > after.id)
            due = due.where((column >= after.expires_at - SPELLING_SLACK) & (expires_at >= after.expires_at) & beyond)
        return self._readable(due.order_by(expires_at, job_id).limit(limit))

    def _are_by(self, requester_ids: Collection[UserId]) -> ColumnElement[bool]:
        requester, dialect = self._jobs.c.requester_user_id, self._connection.dialect
        if dialect.name != "sqlite":
            return requester.in_(requester_ids)
        # The ids are more than an old SQLite has parameters, and a page needs all of them in one statement.
        stored = requester.type.dialect_impl(dialect).bind_processor(dialect)
        ids = [stored(user_id) if stored else user_id for user_id in requester_ids]
        theirs = func.json_each(json.dumps(ids)).table_valued("value")
        return requester.in_(select(theirs.c.value))

    @property
    def _is_ours(self) -> ColumnElement[bool]:
        return self._has_known_status & self._has_own_task if self._tables.has_own_tasks else self._has_known_status

    @property
    def _has_known_status(self) -> ColumnElement[bool]:
        # A row with another status must not keep the others from being listed or cleaned up.
        return _is_one_of(self._jobs.c.status, ExportJobStatus)

    @property
    def _has_own_task(self) -> ColumnElement[bool]:
        tasks = self._tables.export_tasks.alias()
        return exists().where(tasks.c.export_job_id == self._jobs.c.id)

    def _wait_for_turn_of(self, requester_user_id: UserId) -> None:
        match self._connection.dialect.name:
            case "postgresql":
                # The user's row cannot be locked instead: the host's table may be a view.
                key = func.hashtextextended(str(requester_user_id), _LOCK_SEED)
                self._wait_for_lock(select(func.pg_try_advisory_xact_lock(key)))
            case "sqlite":
                # Changes nothing, but takes the write lock, which the host's transaction may not hold yet. After the
                # jobs were read, SQLite would refuse the lock if another connection had written in between.
                self._connection.execute(update(self._jobs).where(false()).values(row_count=None))

    def _wait_for_lock(self, taking: Select[tuple[bool]]) -> None:
        # By repeated tries: a time-out would also hold for the rest of the host's transaction.
        deadline = monotonic() + _LONGEST_WAIT
        while not self._connection.execute(taking).scalar_one():
            if monotonic() > deadline:
                raise JobDatabaseError(
                    f"another transaction has locked the exports of this user for {_LONGEST_WAIT:g} s; try again "
                    f"later. If it is your own, {OWN_TRANSACTION}"
                )
            sleep(_TRY_EVERY)

    def _readable(self, statement: Select[*tuple[object, ...]]) -> list[ExportJob]:
        try:
            return self._found(statement)
        except UNREADABLE:
            # One by one, so that a row with invalid values does not hide the others.
            ids = self._connection.execute(statement.with_only_columns(self._jobs.c.id)).scalars().all()
            return [job for job_id in ids for job in self._found_if_readable(job_id)]

    def _found_if_readable(self, job_id: UUID) -> list[ExportJob]:
        try:
            return self._found(self._selected().where(self._jobs.c.id == job_id))
        except UNREADABLE:
            _log.exception("export %s cannot be read and is skipped", job_id, extra={"job_id": str(job_id)})
            return []

    def _found(
        self, statement: Select[*tuple[object, ...]], asked: Mapping[str, object] | None = None
    ) -> list[ExportJob]:
        return [_job_from(row, self._tables) for row in self._connection.execute(statement, asked).mappings()]

    def _selected(self) -> Select[*tuple[object, ...]]:
        return _jobs_with_references(self._tables, self._connection.dialect.name, is_whole=False)


# Building a statement takes longer than executing it. A process has one set of tables, or a few.
@lru_cache(maxsize=16)
def _whole_job(tables: Tables, dialect: str) -> Select[*tuple[object, ...]]:
    """The job of the id `job_id`, with its whole view."""
    jobs = _jobs_with_references(tables, dialect, is_whole=True)
    return jobs.where(tables.export_jobs.c.id == bindparam("job_id"))


@lru_cache(maxsize=16)
def _kept_job(jobs: Table) -> Select[UUID]:
    """The id of the job of the id `job_id`, unless another transaction keeps the job."""
    # SQLAlchemy sends SQLite no such clause: there a unit of work holds the one write lock.
    kept = select(jobs.c.id).where(jobs.c.id == bindparam("job_id"))
    return kept.with_for_update(key_share=True, skip_locked=True)


@lru_cache(maxsize=16)
def _unchanged_job(jobs: Table) -> Update:
    """The update of the job of the id `same_id` if its status is `was` and it is not cleaned up."""
    # A status is read in any letter case, so it is compared in any letter case.
    is_still = func.lower(jobs.c.status, type_=jobs.c.status.type) == bindparam("was")
    return update(jobs).where((jobs.c.id == bindparam("same_id")) & is_still & jobs.c.is_cleaned_up.is_(False))


@lru_cache(maxsize=16)
def _jobs_with_references(tables: Tables, dialect: str, *, is_whole: bool) -> Select[*tuple[object, ...]]:
    """Jobs with user, media item and task; without the views that are longer than `SHORT_VIEW`, unless `is_whole`."""
    jobs, media_items, tasks = tables.export_jobs, tables.media_items, tables.background_tasks
    users, requester = tables.host_users, requester_columns(tables)
    view: ColumnElement[str | None] = jobs.c.snapshot_payload_json
    others = [column for column in jobs.columns if column is not view]
    if not is_whole:
        short = (func.length(cast(view, Text)) <= SHORT_VIEW, view)
        # To find the length of a text that it stores out of line, PostgreSQL would read the text first.
        unread = ((func.pg_column_size(view) > SHORT_VIEW, None),) if dialect == "postgresql" else ()
        view = case(*unread, short)
    refers = tasks.c.export_job_id == jobs.c.id if tables.has_own_tasks else tasks.c.id == jobs.c.background_task_id
    selected = select(*others, view.label(_VIEW), *requester, media_items, tasks).select_from(jobs)
    if users is not None:
        selected = selected.outerjoin(users.table, users.id == jobs.c.requester_user_id)
    return selected.outerjoin(media_items, media_items.c.id == jobs.c.media_item_id).outerjoin(
        tasks, refers & _is_one_of(tasks.c.status, BackgroundTaskStatus)
    )


def _job_from(row: RowMapping, tables: Tables) -> ExportJob:
    media_items, tasks = tables.media_items, tables.background_tasks
    fields = {column.key: row[column] for column in tables.export_jobs.columns if column.key != "snapshot_payload_json"}
    if tables.has_own_tasks and row[tasks.c.id] is not None:
        fields[_TASK] = row[tasks.c.id]
    # Where the outer join found nothing, the primary key is empty.
    return ExportJob(
        **fields,
        snapshot_payload_json=row[_VIEW] or "",
        requester=requester_from(row, tables),
        media_item=None if row[media_items.c.id] is None else entity_from(row, media_items, MediaItem),
        background_task=None if row[tasks.c.id] is None else entity_from(row, tasks, BackgroundTask),
    )


def _is_one_of(column: Column[Any], statuses: type[StrEnum]) -> ColumnElement[bool]:
    # In any letter case, as they are read.
    return func.lower(column, type_=column.type).in_(list(statuses))
