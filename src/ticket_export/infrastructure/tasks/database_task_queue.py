"""The queue that the database is: workers find the rows of the tasks there."""

from __future__ import annotations

from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from ticket_export.application.export_task import TASK_NAME
from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.infrastructure.persistence.driver_errors import database_errors

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ticket_export.domain.background_task import BackgroundTask
    from ticket_export.infrastructure.persistence.tables import Tables

#: Seconds between two looks of an idle worker. A look is one read of one index, without any lock.
POLL_INTERVAL = 0.2


class DatabaseTaskQueue:
    """Needs no broker: the request's transaction has put the task where workers look."""

    def __init__(self, engine: Engine, tables: Tables) -> None:
        self._engine = engine
        self._waiting = select(
            exists().where(
                tables.background_tasks.c.status == BackgroundTaskStatus.ENQUEUED,
                tables.background_tasks.c.name == TASK_NAME,
            )
        )
        self._dispatched = Event()

    def dispatch(self, task: BackgroundTask) -> None:
        """Wake a worker of this process; those of others look by themselves."""
        self._dispatched.set()

    def wait(self, timeout: float) -> bool:
        """See `SupportsWaiting.wait`.

        Raises:
            JobDatabaseError: the database cannot be asked.
        """
        deadline = monotonic() + timeout
        while not self._is_waiting():
            rest = deadline - monotonic()
            if rest <= 0:
                return False
            if self._dispatched.wait(min(rest, POLL_INTERVAL)):
                self._dispatched.clear()
        return True

    def _is_waiting(self) -> bool:
        with database_errors(), self._engine.connect() as connection:
            return bool(connection.execute(self._waiting).scalar_one())
