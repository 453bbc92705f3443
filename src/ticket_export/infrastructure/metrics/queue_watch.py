"""The state of the queue, for gauges that are asked at any time and by anybody."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from threading import Lock, Thread
from time import monotonic
from typing import Final, TypeAlias

from ticket_export.application.ports.background_task_repository import Backlog
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.infrastructure.fork import renew_in_children

_log = logging.getLogger(__name__)

#: Seconds for which one reading serves.
FRESH: Final = 5.0
#: Seconds from the start of a reading for which somebody waits for it.
PATIENCE: Final = 2.0

#: The backlog, and for how long its oldest waiting task has waited.
QueueState: TypeAlias = tuple[Backlog, timedelta]


class QueueWatch:
    """Reads the backlog of the exports, at most once in `FRESH` seconds.

    A forked process reads it again.
    """

    def __init__(self, unit_of_work: Callable[[], UnitOfWork], clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._has_warned = False
        self.renew()
        renew_in_children(self.renew)

    def renew(self) -> None:
        """Forget the reading. Another process may have begun it."""
        self._lock = Lock()
        self._reading: Future[QueueState] | None = None
        self._began = 0.0

    def look(self) -> QueueState | None:
        """Return the state of the queue, or None if the database does not answer soon. Never raises.

        Another thread waits for the database, as long as that takes, and there is no second reading meanwhile.
        """
        try:
            with self._lock:
                if self._reading is None or (self._reading.done() and monotonic() - self._began >= FRESH):
                    self._reading, self._began = self._begin(), monotonic()
                reading, rest = self._reading, self._began + PATIENCE - monotonic()
            return reading.result(timeout=max(0.0, rest))
        except Exception:  # noqa: BLE001 - the thread has logged it; a metric must not disturb the process
            return None

    def _begin(self) -> Future[QueueState]:
        reading = Future[QueueState]()

        def read() -> None:
            # The log comes first: after the result, another reading may begin.
            try:
                state = self._read()
            except BaseException as error:  # noqa: BLE001 - raised by `result`
                if not self._has_warned:
                    _log.warning("the metrics of the queue are missing, because it cannot be read", exc_info=True)
                self._has_warned = True
                reading.set_exception(error)
            else:
                if self._has_warned:
                    _log.warning("the metrics of the queue are there again")
                self._has_warned = False
                reading.set_result(state)

        # A daemon, so that a process ends without waiting for the database.
        Thread(target=read, name="ticket-export metrics of the queue", daemon=True).start()
        return reading

    def _read(self) -> QueueState:
        with self._unit_of_work() as work:
            backlog = work.tasks.backlog(TASK_NAME)
            now = self._clock.now()
            work.commit()
        age = timedelta(0) if backlog.oldest is None else now - backlog.oldest
        return backlog, max(timedelta(0), age)
