"""The queue that the database is: workers find the rows of the tasks there."""

from __future__ import annotations

from contextlib import AbstractContextManager
from math import inf
from threading import Lock
from time import monotonic

from sqlalchemy import Engine, exists, select

from ticket_export.application.ports.task_queue import SupportsListening, SupportsWaiting, TaskQueue
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.infrastructure.fork import renew_in_children
from ticket_export.infrastructure.persistence.database.errors import database_errors
from ticket_export.infrastructure.persistence.database.transaction import quick_read
from ticket_export.infrastructure.persistence.tables import Tables
from ticket_export.infrastructure.tasks.notifications import Notifications
from ticket_export.infrastructure.tasks.wake_up import WakeUp

#: Seconds between two looks of a process whose threads are idle. A look is one read of one index, without any lock.
POLL_INTERVAL = 0.2
#: The same while notifications are heard: for tasks that somebody has enqueued without one.
RARE_POLL_INTERVAL = 5.0


class DatabaseTaskQueue(TaskQueue, SupportsWaiting, SupportsListening):
    """Needs no broker: the request's transaction has put the task where workers look.

    They look when they are notified, and otherwise now and then, one thread for all of the process.
    """

    def __init__(self, engine: Engine, tables: Tables, notifications: Notifications) -> None:
        self._engine = engine
        self._waiting = select(
            exists().where(
                tables.background_tasks.c.status == BackgroundTaskStatus.ENQUEUED,
                tables.background_tasks.c.name == TASK_NAME,
            )
        )
        self._notifications = notifications
        self._begin()
        renew_in_children(self._begin)

    def _begin(self) -> None:
        # With locks of its own, in a process that was just forked too.
        self._wake_up = WakeUp()
        self._looked_at = -inf
        self._looking = Lock()

    def dispatch(self, task: BackgroundTask) -> None:
        """Wake the workers: those of this process, and all that listen; others look by themselves.

        Raises:
            JobDatabaseError: those of other processes could not be told.
        """
        self._wake_up.call()
        self._notifications.send()

    def listening(self) -> AbstractContextManager[None]:
        """See `SupportsListening.listening`."""
        return self._notifications.listening(self._wake_up.call)

    def wait(self, timeout: float) -> bool:
        """See `SupportsWaiting.wait`.

        Raises:
            JobDatabaseError: the database cannot be asked.
        """
        deadline = monotonic() + timeout
        while True:
            is_called = self._wake_up.is_called()
            if self._is_to_look(is_called=is_called) and self._is_waiting():
                if not is_called:
                    # No other thread knows, and there may be work for more than one.
                    self._wake_up.call()
                return True
            rest = deadline - monotonic()
            if rest <= 0:
                return False
            self._wake_up.wait(min(rest, self._next_look - monotonic()))

    @property
    def _next_look(self) -> float:
        return self._looked_at + (RARE_POLL_INTERVAL if self._notifications.are_heard else POLL_INTERVAL)

    def _is_to_look(self, *, is_called: bool) -> bool:
        # Of the threads that wait, one looks, unless they are called.
        with self._looking:
            now = monotonic()
            is_to_look = is_called or now >= self._next_look
            if is_to_look:
                self._looked_at = now
            return is_to_look

    def _is_waiting(self) -> bool:
        with database_errors(), quick_read(self._engine) as connection:
            return bool(connection.execute(self._waiting).scalar_one())
