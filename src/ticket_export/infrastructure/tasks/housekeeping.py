"""A worker's housekeeping: each chore in a thread of its own, as often as it is due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from random import uniform

import attrs

from ticket_export.application.run.latch import Latch
from ticket_export.application.use_cases.housekeep import Chore, Housekeep

_log = logging.getLogger(__name__)

_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(milliseconds=1), timedelta(minutes=1)


@attrs.frozen(kw_only=True)
class Housekeeping:
    """Calls `Housekeep` for a worker. All workers together do each chore once in its interval.

    `around` is entered around each chore, as in `Worker`.
    """

    housekeep: Housekeep
    around: Callable[[], AbstractContextManager[object]] = nullcontext

    @property
    def chores(self) -> Sequence[KeptChore]:
        """The chores, each for a thread of its own: a long sweep must not delay the recovery."""
        return [KeptChore(self.housekeep, chore, self.around) for chore in self.housekeep.chores]

    def prepare(self) -> None:
        """Expire and recover exports now, before a queue is drained. Never raises."""
        self._do(Chore.CLEAN_UP, Chore.RECOVER)

    def tidy(self) -> None:
        """Clean up, sweep and purge now. Never raises."""
        self._do(Chore.CLEAN_UP, Chore.SWEEP, Chore.PURGE)

    def _do(self, *chores: Chore) -> None:
        for chore in chores:
            KeptChore(self.housekeep, chore, self.around)(now=True)


@attrs.frozen
class KeptChore:
    """A chore that a thread keeps doing."""

    _housekeep: Housekeep
    what: Chore
    _around: Callable[[], AbstractContextManager[object]] = nullcontext

    def keep(self, is_over: Latch) -> None:
        """Do it whenever it is due, until `is_over`. Never raises."""
        interval = pause = self._housekeep.intervals[self.what]
        while not is_over.is_set():
            due_in = self()
            # While the database or the storage is away, the pauses grow, so that the log does not fill with errors.
            longest = max(interval, _LONGEST_PAUSE)
            pause = min(2 * pause, longest) if due_in is None else max(due_in, _SHORTEST_PAUSE)
            # Workers that were started together should not stay in step.
            is_over.wait(pause.total_seconds() * uniform(1.0, 1.2))  # noqa: S311

    def __call__(self, *, now: bool = False) -> timedelta | None:
        """Do it if it is due, or in any case with `now`. Return the time until it is due; None if it failed."""
        try:
            with self._around():
                kept = self._housekeep(only={self.what}, now=now)
        except Exception:  # noqa: BLE001 - the other chores and the exports go on
            _log.exception("the chore %s could not be begun; it is tried again", self.what)
            return None
        return None if kept.failed else kept.due_in
