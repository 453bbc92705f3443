"""Background tasks in the host's table of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    Text,
    Update,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)

from ticket_export.application.ports.background_task_repository import BackgroundTaskRepository, Backlog
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.user_id import UserId
from ticket_export.errors import LeaseLostError
from ticket_export.infrastructure.persistence.database.transaction import SHORT
from ticket_export.infrastructure.persistence.instant import Instant
from ticket_export.infrastructure.persistence.mapping import changes_of, entity_from, row_of
from ticket_export.infrastructure.persistence.removal import is_deleted
from ticket_export.infrastructure.persistence.tables import Tables

# A worker chooses by what others have claimed, so one chooses at a time, until its transaction ends. The server ends
# that of a worker that was paused or cut off meanwhile before the others give up waiting. A host's own transaction
# keeps its limit.
_ONE_CLAIM_AT_A_TIME: Final = text("""
    SELECT pg_advisory_xact_lock(7453091219), set_config('idle_in_transaction_session_timeout', idle, true)
    FROM (SELECT current_setting('idle_in_transaction_session_timeout')) AS present (idle_now),
         LATERAL (SELECT CASE idle_now WHEN :short THEN '3s' ELSE idle_now END) AS asked (idle)
""")
# The share of tasks without a key.
_NO_KEY: Final = literal_column("''", Text)
_NAME: Final = bindparam("name", type_=Text)
# After every start.
_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


class SqlAlchemyBackgroundTaskRepository(BackgroundTaskRepository):
    """Works on one open connection, inside its transaction."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables
        self._tasks = tables.background_tasks

    def add(self, task: BackgroundTask) -> None:
        self._connection.execute(insert(self._tasks), row_of(task, self._tasks))

    def find(self, task_id: UUID) -> BackgroundTask | None:
        return next(iter(self._found(select(self._tasks).where(self._tasks.c.id == task_id))), None)

    def update(self, task: BackgroundTask, *, fencing_token: int) -> None:
        changes = {**changes_of(task, self._tasks), "same_id": task.id, "same_token": fencing_token}
        changed = self._connection.execute(_unchanged_task(self._tasks), changes)
        if changed.rowcount == 0:
            raise LeaseLostError(f"task {task.id} is no longer at attempt {fencing_token}")

    def remove(self, task_id: UUID) -> bool:
        # The foreign key empties the job's reference to the row.
        return is_deleted(self._connection, self._tasks, task_id)

    def next_enqueued(
        self,
        name: str,
        *,
        besides: Collection[UUID] = (),
        max_running_per_user: int = 0,
        started_before: datetime | None = None,
    ) -> BackgroundTask | None:
        if self._connection.dialect.name == "postgresql":
            # On SQLite a unit of work holds the one write lock.
            self._connection.execute(_ONE_CLAIM_AT_A_TIME, {"short": SHORT["idle_in_transaction_session_timeout"]})
        busy = self._busy_users(name, max_running_per_user) if max_running_per_user else []
        values = {"name": name, "busy_users": busy} if busy else {"name": name}
        in_turn = {**values, "started_before": started_before or _NEVER}
        oldest = _oldest(self._tables, some_wait=bool(busy))
        if besides:
            oldest = oldest.where(self._tasks.c.id.not_in(besides))
        for share in (
            self._connection.execute(_shares_in_turn(self._tables, some_wait=bool(busy)), in_turn).scalars().all()
        ):
            if found := self._found(oldest, {**values, "share": share}):
                return found[0]
        return None

    def enqueued_before(self, name: str, *, before: datetime, limit: int) -> Sequence[BackgroundTask]:
        tasks = self._tasks.c
        waiting = (tasks.status == BackgroundTaskStatus.ENQUEUED) & (tasks.name == name)
        written = Instant(func.coalesce(tasks.last_modification_time, tasks.creation_time))
        oldest_first = select(self._tasks).where(waiting & (written < before)).order_by(tasks.creation_time, tasks.id)
        return self._found(oldest_first.limit(limit))

    def lapsed(
        self, name: str, *, now: datetime, limit: int, besides: Collection[UUID] = ()
    ) -> Sequence[BackgroundTask]:
        leased_until = Instant(self._tasks.c.leased_until)
        # No worker holds a task that is being processed without a lease.
        run_out = self._kept(name, BackgroundTaskStatus.PROCESSING, besides).where(
            (leased_until <= now) | leased_until.is_(None)
        )
        oldest_first = run_out.order_by(leased_until.nulls_first(), self._tasks.c.creation_time, self._tasks.c.id)
        return self._found(oldest_first.limit(limit))

    def backlog(self, name: str) -> Backlog:
        tasks = self._tasks.c
        counted = select(tasks.status, func.count(), func.min(tasks.creation_time)).group_by(tasks.status)
        active = (BackgroundTaskStatus.ENQUEUED, BackgroundTaskStatus.PROCESSING)
        of_name = counted.where((tasks.name == name) & tasks.status.in_(active))
        found = {status: (number, oldest) for status, number, oldest in self._connection.execute(of_name)}
        waiting, oldest = found.get(BackgroundTaskStatus.ENQUEUED, (0, None))
        running, _ = found.get(BackgroundTaskStatus.PROCESSING, (0, None))
        return Backlog(waiting, running, oldest)

    def _busy_users(self, name: str, limit: int) -> list[UserId]:
        """Return the users who have at least `limit` running exports."""
        requesters = self._connection.execute(_requesters_of_running(self._tables), {"name": name}).scalars()
        return [user_id for user_id, running in Counter(requesters).items() if running >= limit]

    def _kept(self, name: str, status: BackgroundTaskStatus, besides: Collection[UUID]) -> Select[*tuple[object, ...]]:
        mine = (self._tasks.c.status == status) & (self._tasks.c.name == name)
        if besides:
            mine &= self._tasks.c.id.not_in(besides)
        # SQLAlchemy sends SQLite no such clause: there a unit of work holds the one write lock.
        return select(self._tasks).where(mine).with_for_update(skip_locked=True)

    def _found(
        self, statement: Select[*tuple[object, ...]], values: Mapping[str, object] | None = None
    ) -> list[BackgroundTask]:
        rows = self._connection.execute(statement, values).mappings()
        return [entity_from(row, self._tasks, BackgroundTask) for row in rows]


# Building these takes longer than running them. A process has one set of tables, or a few.
@lru_cache(maxsize=16)
def _shares_in_turn(tables: Tables, *, some_wait: bool) -> Select[str]:
    """Select the keys of the shares that have enqueued tasks, in the order of `next_enqueued`.

    The cost grows with the tasks that wait or run, and not with those that have ended.
    """
    tasks = tables.background_tasks
    processing, started = tasks.alias("processing"), tasks.alias("started")
    waiting = (
        select(_share(tasks).label("share"), func.min(tasks.c.creation_time).label("oldest"))
        .where(_may_run(tables, some_wait=some_wait))
        .group_by("share")
        .subquery("waiting")
    )
    busy = (
        select(_share(processing).label("share"), func.count().label("running"))
        .where(_is_processing(processing))
        .group_by("share")
        .subquery("busy")
    )
    # One row of the index for each share. It does not find "equal, or both null".
    last_start = (
        select(started.c.started_at)
        .where(started.c.started_at < bindparam("started_before"), started.c.name == _NAME)
        .order_by(started.c.started_at.desc())
        .limit(1)
    )
    of_no_key = last_start.where(started.c.share_key.is_(None)).scalar_subquery()
    of_key = last_start.where(started.c.share_key == waiting.c.share).correlate(waiting).scalar_subquery()
    return (
        select(waiting.c.share)
        .outerjoin_from(waiting, busy, busy.c.share == waiting.c.share)
        .order_by(
            func.coalesce(busy.c.running, literal_column("0")),
            case((waiting.c.share == _NO_KEY, of_no_key), else_=of_key).nulls_first(),
            waiting.c.oldest,
        )
    )


@lru_cache(maxsize=16)
def _oldest(tables: Tables, *, some_wait: bool) -> Select[*tuple[object, ...]]:
    """Select the oldest enqueued task of a share, and lock it."""
    tasks = tables.background_tasks
    return (
        select(tasks)
        .where(_may_run(tables, some_wait=some_wait), _share(tasks) == bindparam("share", type_=Text))
        .order_by(tasks.c.creation_time, tasks.c.id)
        .limit(1)
        # SQLAlchemy sends SQLite no such clause: there a unit of work holds the one write lock.
        .with_for_update(skip_locked=True)
    )


def _may_run(tables: Tables, *, some_wait: bool) -> ColumnElement[bool]:
    """The enqueued tasks; with `some_wait`, without those of the `busy_users`."""
    tasks, queued = tables.background_tasks, tables.export_jobs.alias("queued")
    if not some_wait:
        return _is_enqueued(tasks)
    theirs = tasks.alias("theirs")
    busy_users = bindparam("busy_users", type_=queued.c.requester_user_id.type, expanding=True)
    has_to_wait = (
        select(theirs.c.id)
        .join(queued, _refers(tables, queued, theirs))
        .where(queued.c.status == ExportJobStatus.QUEUED, queued.c.requester_user_id.in_(busy_users))
        .where(_is_enqueued(theirs))
    )
    return _is_enqueued(tasks) & tasks.c.id.not_in(has_to_wait)


@lru_cache(maxsize=16)
def _requesters_of_running(tables: Tables) -> Select[UserId]:
    """Select the requester of each running export."""
    running, processing = tables.export_jobs.alias("running"), tables.background_tasks.alias("processing")
    return (
        select(running.c.requester_user_id)
        .join(processing, _refers(tables, running, processing))
        .where(running.c.status == ExportJobStatus.RUNNING, _is_processing(processing))
    )


def _refers(tables: Tables, job: FromClause, task: FromClause) -> ColumnElement[bool]:
    return task.c.export_job_id == job.c.id if tables.has_own_tasks else job.c.background_task_id == task.c.id


def _is_enqueued(tasks: FromClause) -> ColumnElement[bool]:
    return (tasks.c.status == BackgroundTaskStatus.ENQUEUED) & (tasks.c.name == _NAME)


def _is_processing(tasks: FromClause) -> ColumnElement[bool]:
    return (tasks.c.status == BackgroundTaskStatus.PROCESSING) & (tasks.c.name == _NAME)


def _share(tasks: FromClause) -> ColumnElement[str]:
    return func.coalesce(tasks.c.share_key, _NO_KEY)


# Building a statement takes longer than executing it. A process has one table of tasks, or a few.
@lru_cache(maxsize=16)
def _unchanged_task(tasks: Table) -> Update:
    """The update of the task of the id `same_id` if its fencing token is `same_token`."""
    is_same = tasks.c.id == bindparam("same_id")
    return update(tasks).where(is_same & (tasks.c.fencing_token == bindparam("same_token")))
