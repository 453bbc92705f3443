"""Export jobs in the table ``ExportJobs``."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, Select, exists, false, func, insert, select, update

from ticket_export.application.ports.export_job_repository import UNREADABLE, ExportJobRepository
from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.errors import JobDatabaseError, LeaseLostError
from ticket_export.infrastructure.persistence.instant import SPELLING_SLACK, Instant
from ticket_export.infrastructure.persistence.mapping import changes_of, export_job_from, row_of, short_view
from ticket_export.infrastructure.persistence.tables import Tables

_log = logging.getLogger(__name__)

_ACTIVE = [status for status in ExportJobStatus.supported_types() if not status.is_final]
_ENDED = [BackgroundTaskStatus.COMPLETE, BackgroundTaskStatus.ERROR]
# A statement has at most 65,535 parameters on PostgreSQL, 32,766 on SQLite, and 999 before its version 3.32.
_IDS_AT_ONCE = 900
# Sets the library's locks of PostgreSQL apart from those of the host.
_LOCK_SEED = 0x7469636B6574
# Seconds that a request waits for another one of the same user, and in between.
_LONGEST_WAIT, _ASK_EVERY = 5.0, 0.02


class SqlAlchemyExportJobRepository(ExportJobRepository):
    """Works on one open connection, inside its transaction."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables
        self._jobs = tables.export_jobs

    def add(self, job: ExportJob) -> None:
        """Store a new job; its background task and media item must be stored before it."""
        self._connection.execute(insert(self._jobs), row_of(job, self._jobs))

    def find(self, job_id: UUID) -> ExportJob | None:
        """The job of that id, or None."""
        statement = _whole_jobs(self._tables).where(self._jobs.c.id == job_id)
        row = self._connection.execute(statement).mappings().one_or_none()
        return None if row is None else export_job_from(row, self._tables)

    def keep(self, job_id: UUID) -> bool:
        """Keep the job from other transactions until this one ends; False, at once, if another one keeps it."""
        # SQLite has no such locks and is sent none: there a unit of work holds the one write lock.
        kept = (
            select(self._jobs.c.id).where(self._jobs.c.id == job_id).with_for_update(key_share=True, skip_locked=True)
        )
        return self._connection.execute(kept).one_or_none() is not None

    def update(self, job: ExportJob, *, was: ExportJobStatus) -> None:
        """Store a changed job, provided that its stored status still is `was` and it is not cleaned up.

        Raises:
            LeaseLostError: it is not so; nothing was changed.
        """
        jobs = self._jobs.c
        # A status is read in any letter case, so that is how it has to be met again.
        unchanged = (
            (jobs.id == job.id)
            & (func.lower(jobs.status, type_=jobs.status.type) == was)
            & jobs.is_cleaned_up.is_(False)
        )
        changed = self._connection.execute(update(self._jobs).where(unchanged), changes_of(job, self._jobs))
        if changed.rowcount == 0:
            raise LeaseLostError(f"export {job.id} is no longer {was}, or is cleaned up")

    def page(self, *, requester_user_id: UUID | None, offset: int, limit: int) -> tuple[Sequence[ExportJob], int]:
        """`limit` jobs from `offset` on, newest request first, and how many there are in all."""
        jobs, total = self._several(), select(func.count()).select_from(self._jobs)
        jobs, total = jobs.where(self._is_ours), total.where(self._is_ours)
        if requester_user_id is not None:
            mine = self._jobs.c.requester_user_id == requester_user_id
            jobs, total = jobs.where(mine), total.where(mine)
        newest_first = jobs.order_by(Instant(self._jobs.c.requested_at).desc(), self._jobs.c.id.desc())
        found = self._readable(newest_first.offset(offset).limit(limit))
        return found, self._connection.execute(total).scalar_one()

    def active_of(self, requester_user_id: UUID) -> Sequence[ExportJob]:
        """The requester's queued and running jobs, oldest request first; one transaction at a time.

        Raises:
            JobDatabaseError: another transaction did not end within some seconds.
        """
        self._wait_for_turn_of(requester_user_id)
        mine = (self._jobs.c.requester_user_id == requester_user_id) & self._jobs.c.status.in_(_ACTIVE)
        return self._readable(self._several().where(mine).order_by(self._jobs.c.requested_at, self._jobs.c.id))

    def find_all(self, job_ids: Collection[UUID]) -> Sequence[ExportJob]:
        """Those jobs that there are, in any order."""
        ids = list(set(job_ids))
        return [
            job
            for start in range(0, len(ids), _IDS_AT_ONCE)
            for job in self._found(self._several().where(self._jobs.c.id.in_(ids[start : start + _IDS_AT_ONCE])))
        ]

    def due_for_clean_up(self, *, now: datetime, after: ExportJob | None, limit: int) -> Sequence[ExportJob]:
        """At most `limit` jobs that have expired by `now` and are not cleaned up, in the order of their expiry."""
        column, expires_at, job_id = self._jobs.c.expires_at, Instant(self._jobs.c.expires_at), self._jobs.c.id
        # Of each pair, the comparison with the column finds the place in the index.
        is_due = (column <= now + SPELLING_SLACK) & (expires_at <= now)
        due = self._several().where(is_due & self._jobs.c.is_cleaned_up.is_(False) & self._is_ours)
        if after is not None:
            beyond = (expires_at > after.expires_at) | (job_id > after.id)
            due = due.where((column >= after.expires_at - SPELLING_SLACK) & (expires_at >= after.expires_at) & beyond)
        return self._readable(due.order_by(expires_at, job_id).limit(limit))

    def active_without_task(self, name: str, *, before: datetime, limit: int, skip: int = 0) -> Sequence[ExportJob]:
        """At most `limit` queued or running jobs whose task has ended, or is gone; oldest request first."""
        tasks, jobs = self._tables.background_tasks.c, self._jobs.c
        changed = jobs.last_modification_time
        is_settled = (jobs.requested_at <= before) & (jobs.creation_time <= before)
        is_settled &= changed.is_(None) | (changed <= before)
        # Said twice, since SQLite, which would think few rows left after it, would not take the status's index.
        uncleaned = jobs.is_cleaned_up.is_(False)
        # Not as the join finds it, which passes over a task whose status the library does not know.
        other = self._tables.background_tasks.alias()
        gone = ~exists().where(other.c.id == jobs.background_task_id) & is_settled & uncleaned
        ended = (tasks.name == name) & tasks.status.in_(_ENDED) & uncleaned
        abandoned = self._jobs.c.status.in_(_ACTIVE) & (gone | ended)
        oldest_first = self._several().where(abandoned).order_by(self._jobs.c.requested_at, self._jobs.c.id)
        return self._found(oldest_first.offset(skip or None).limit(limit))

    @property
    def _is_ours(self) -> ColumnElement[bool]:
        # One row with another status must keep nobody from seeing, or cleaning up, all others.
        return _is_one_of(self._jobs.c.status, ExportJobStatus)

    def _wait_for_turn_of(self, requester_user_id: UUID) -> None:
        match self._connection.dialect.name:
            case "postgresql":
                # The user's row cannot be locked instead: a host may bring a view for that table.
                key = func.hashtextextended(str(requester_user_id), _LOCK_SEED)
                self._wait_for_lock(select(func.pg_try_advisory_xact_lock(key)))
            case "sqlite":
                # Changes nothing, but takes the write lock, which a transaction of the host's may not hold yet.
                # Taken after the jobs were read, it would be refused if somebody has written in between.
                self._connection.execute(update(self._jobs).where(false()).values(row_count=None))

    def _wait_for_lock(self, taking: Select[tuple[bool]]) -> None:
        # Asked for again and again, since a time-out would be a setting of the host's transaction too.
        deadline = monotonic() + _LONGEST_WAIT
        while not self._connection.execute(taking).scalar_one():
            if monotonic() > deadline:
                raise JobDatabaseError(
                    f"another transaction has kept the exports of this user for {_LONGEST_WAIT:g} s; try again later. "
                    "If it is one of your own, commit it first, or request the export inside of it (JoinedUnitOfWork)"
                )
            sleep(_ASK_EVERY)

    def _readable(self, statement: Select[*tuple[object, ...]]) -> list[ExportJob]:
        try:
            return self._found(statement)
        except UNREADABLE:
            # One by one, so that a row which holds what no export can keeps nobody from the others.
            ids = self._connection.execute(statement.with_only_columns(self._jobs.c.id)).scalars().all()
            return [job for job_id in ids for job in self._found_if_readable(job_id)]

    def _found_if_readable(self, job_id: UUID) -> list[ExportJob]:
        try:
            return self._found(self._several().where(self._jobs.c.id == job_id))
        except UNREADABLE:
            _log.exception("export %s cannot be read, and is passed over", job_id, extra={"job_id": str(job_id)})
            return []

    def _found(self, statement: Select[*tuple[object, ...]]) -> list[ExportJob]:
        return [export_job_from(row, self._tables) for row in self._connection.execute(statement).mappings()]

    def _several(self) -> Select[*tuple[object, ...]]:
        return _jobs_with_short_views(self._tables, self._connection.dialect.name)


# Building it takes longer than running it; a process has one set of tables, or a few.
@lru_cache(maxsize=8)
def _whole_jobs(tables: Tables) -> Select[*tuple[object, ...]]:
    return _joined(tables, tables.export_jobs.c.snapshot_payload_json)


@lru_cache(maxsize=8)
def _jobs_with_short_views(tables: Tables, dialect: str) -> Select[*tuple[object, ...]]:
    return _joined(tables, short_view(tables.export_jobs, dialect))


def _joined(tables: Tables, view: ColumnElement[str | None]) -> Select[*tuple[object, ...]]:
    """Jobs with all that they point at."""
    jobs, users, media_items, tasks = tables.export_jobs, tables.users, tables.media_items, tables.background_tasks
    others = [column for column in jobs.columns if column is not jobs.c.snapshot_payload_json]
    return (
        select(*others, view, users, media_items, tasks)
        .outerjoin(users, users.c.id == jobs.c.requester_user_id)
        .outerjoin(media_items, media_items.c.id == jobs.c.media_item_id)
        .outerjoin(tasks, (tasks.c.id == jobs.c.background_task_id) & _is_one_of(tasks.c.status, BackgroundTaskStatus))
    )


def _is_one_of(column: Column[Any], statuses: type[StrEnum]) -> ColumnElement[bool]:
    # In any letter case, as they are read.
    return func.lower(column, type_=column.type).in_(list(statuses))
