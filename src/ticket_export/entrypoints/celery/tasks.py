"""The two tasks that Celery's workers run: the next export, and the housekeeping."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection
from datetime import timedelta
from math import inf
from threading import Event, Thread
from time import monotonic
from typing import Any, Final

import attrs

from ticket_export.application.run.run_outcome import RunResult
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.use_cases.housekeep import Chore
from ticket_export.container import TicketExportContainer
from ticket_export.errors import JobDatabaseError

_log = logging.getLogger(__name__)

#: The task that does what is due besides exporting.
HOUSEKEEP: Final = "ticket_export.housekeep"

# Celery's own limits end a process in the middle of an export; leases, stalls and attempts are the library's.
_NO_LIMIT: Final = timedelta(days=3650).total_seconds()
#: Every option by which the configuration of an application could change the tasks. `acks_late` would give messages
#: to two workers, and stop a worker of RabbitMQ whose export takes half an hour.
OPTIONS: Final[dict[str, Any]] = {
    "shared": False,
    "ignore_result": True,
    "store_errors_even_if_ignored": False,
    "track_started": False,
    "acks_late": False,
    "reject_on_worker_lost": False,
    "retry_on_worker_lost": False,
    "time_limit": _NO_LIMIT,
    "soft_time_limit": _NO_LIMIT,
    "rate_limit": 0,
    "max_retries": 0,
    "autoretry_for": (),
    # The setting `task_annotations`, with which a host changes its own tasks, often all at once.
    "annotate": classmethod(lambda _cls: None),
}

# A queue that is never empty needs no other messages.
_BETWEEN_EXPORTS: Final = frozenset(Chore) - {Chore.DISPATCH}

# Seconds that an export without progress has to return after it was interrupted.
_GRACE: Final = 30.0
# Seconds of pause after an export that was lost: at first, and at most; and between two looks at the stop signal.
_FIRST_PAUSE, _LONGEST_PAUSE, _LOOK_EVERY = 0.5, 15.0, 0.2


@attrs.define(eq=False)
class Tasks:
    """The functions of the tasks. `container`, `stop` and `worker_pid` may be replaced while no task runs.

    `worker_pid` is the process that received the messages; with a pool of processes, the tasks run in its children.
    """

    container: TicketExportContainer
    stop: StopSignal
    worker_pid: int = attrs.field(factory=os.getpid)
    _pause: float = attrs.field(default=_FIRST_PAUSE, init=False)
    # When a chore is due, by `monotonic`, as far as this process knows.
    _chore_at: float = attrs.field(default=-inf, init=False)

    def run_next_export(self, _job_id: str | None = None) -> str | None:
        """Run the next export; return what came of it, for Celery's log."""
        if self.stop.is_given:
            # The hint is lost, and the housekeeping sends another one.
            return None
        ended = Event()
        try:
            outcome = self.container.run_next_export()(stop=self.stop, on_stall=lambda: self._give_up(ended))
        except JobDatabaseError as error:
            _log.warning("cannot take the next export: %s", error, exc_info=error)
            self._wait()
            return None
        finally:
            ended.set()
        if outcome.result is RunResult.LOST:
            # What was lacking may be lacking still, and the next message would begin the next attempt.
            self._wait()
        else:
            self._pause = _FIRST_PAUSE
        if monotonic() >= self._chore_at and not self.stop.is_given:
            # While exports wait, their messages are in the queue before those of beat, which expire there.
            self._keep_house(_BETWEEN_EXPORTS)
        return f"{outcome.result.value} {outcome.job_id or ''}".rstrip()

    def housekeep(self) -> None:
        """Do what is due besides exporting; what fails is in the log, and is due again later."""
        self._keep_house(tuple(Chore))

    def _keep_house(self, chores: Collection[Chore]) -> None:
        try:
            kept = self.container.housekeep()(only=chores)
        except JobDatabaseError as error:
            _log.warning("cannot do the housekeeping: %s", error, exc_info=error)
        else:
            self._chore_at = monotonic() + kept.due_in.total_seconds()

    def _give_up(self, ended: Event) -> None:
        # Another attempt takes the export over. This one may never return, and would block its place in the pool.
        Thread(target=self._end_process, args=(ended,), name="ticket-export stall", daemon=True).start()

    def _end_process(self, ended: Event) -> None:
        if ended.wait(_GRACE):
            return
        if os.getpid() == self.worker_pid:
            _log.error("an export makes no progress and blocks a thread of the worker; restart the worker")
            return
        _log.error("an export makes no progress and blocks a process of the pool, which ends now")
        os._exit(os.EX_SOFTWARE)

    def _wait(self) -> None:
        until = monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        while not self.stop.is_given and monotonic() < until:
            self.stop.wait(_LOOK_EVERY)
