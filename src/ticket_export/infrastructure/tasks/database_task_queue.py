"""The database as the task queue: workers find the rows of the tasks there."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache
from math import inf
from threading import Condition, Lock, local
from time import monotonic

from sqlalchemy import Engine, Select, Table, exists, select

from ticket_export.application.ports.task_queue import SupportsListening, SupportsWaiting, TaskQueue
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.infrastructure.fork import renew_in_children
from ticket_export.infrastructure.persistence.database.errors import database_errors
from ticket_export.infrastructure.persistence.database.migrate_command import migrate_command
from ticket_export.infrastructure.persistence.database.transaction import quick_read
from ticket_export.infrastructure.persistence.tables import Tables
from ticket_export.infrastructure.persistence.tables_in_use import tables_in_use
from ticket_export.infrastructure.tasks.notifications import Notifications

#: Seconds between two polls of a process whose threads are idle. A poll is one read of one index, without any lock.
POLL_INTERVAL = 0.2
#: The same while the process receives notifications: for tasks that were enqueued without one.
RARE_POLL_INTERVAL = 5.0


class DatabaseTaskQueue(TaskQueue, SupportsWaiting, SupportsListening):
    """A queue without a broker: the request's transaction has stored the task where workers find it.

    Workers poll when they are notified, and otherwise at an interval, with one thread for the whole process.
    """

    def __init__(self, engine: Engine, tables: Tables, notifications: Notifications) -> None:
        self._engine = engine
        self._tables = tables
        self._notifications = notifications
        self._begin()
        renew_in_children(self._begin)

    def _begin(self) -> None:
        # A process that was just forked needs locks of its own.
        self._wake_up = WakeUp()
        self._polled_at = -inf
        self._polling = Lock()

    def dispatch(self, task: BackgroundTask) -> None:
        """Wake the workers of this process and all that listen; the others poll.

        Raises:
            JobDatabaseError: the workers of other processes could not be notified.
        """
        self._wake_up.call()
        self._notifications.send()

    def listening(self) -> AbstractContextManager[None]:
        return self._notifications.listening(self._wake_up.call)

    def wait(self, timeout: float) -> bool:
        """See `SupportsWaiting`.

        Raises:
            JobDatabaseError: the database cannot be read.
        """
        deadline = monotonic() + timeout
        while True:
            is_called = self._wake_up.is_called()
            if self._may_poll(is_called=is_called) and self._has_task():
                if not is_called:
                    # No other thread knows of the task, and there may be work for more than one.
                    self._wake_up.call()
                return True
            rest = deadline - monotonic()
            if rest <= 0:
                return False
            self._wake_up.wait(min(rest, self._next_poll - monotonic()))

    @property
    def _next_poll(self) -> float:
        return self._polled_at + (RARE_POLL_INTERVAL if self._notifications.are_heard else POLL_INTERVAL)

    def _may_poll(self, *, is_called: bool) -> bool:
        # Of the threads that wait, one polls; every thread that was called does.
        with self._polling:
            now = monotonic()
            may_poll = is_called or now >= self._next_poll
            if may_poll:
                self._polled_at = now
            return may_poll

    def _has_task(self) -> bool:
        migrate = migrate_command(self._engine)
        with database_errors(tables=self._tables.every, migrate=migrate), quick_read(self._engine) as connection:
            waiting = _waiting(tables_in_use(connection, self._tables).background_tasks)
            return bool(connection.execute(waiting).scalar_one())


# Built once: a poll is a small query, and building it takes longer.
@lru_cache(maxsize=16)
def _waiting(tasks: Table) -> Select[bool]:
    is_ours = (tasks.c.status == BackgroundTaskStatus.ENQUEUED) & (tasks.c.name == TASK_NAME)
    return select(exists().where(is_ours))


class WakeUp:
    """Calls every thread: a thread that waits at once, any other thread when it asks next."""

    def __init__(self) -> None:
        self._calls = 0
        self._called = Condition()
        self._seen = local()

    def call(self) -> None:
        """Wake all threads that wait."""
        with self._called:
            self._calls += 1
            self._called.notify_all()

    def is_called(self) -> bool:
        """Whether a call has come since this thread last asked. True if the thread has never asked."""
        calls = self._calls
        is_called = calls != getattr(self._seen, "calls", None)
        self._seen.calls = calls
        return is_called

    def wait(self, timeout: float) -> None:
        """Return at the first call since this thread last asked, or after `timeout` seconds."""
        seen = getattr(self._seen, "calls", None)
        with self._called:
            self._called.wait_for(lambda: self._calls != seen, timeout)
