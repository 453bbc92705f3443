"""A worker's duties besides exporting, each at its own interval."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import uniform

import attrs

from ticket_export.application.run.latch import Latch
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUpExpiredExports
from ticket_export.application.use_cases.purge_exports import PurgeExports
from ticket_export.application.use_cases.recover_stalled_exports import RecoverStalledExports
from ticket_export.application.use_cases.sweep_orphaned_objects import SweepOrphanedObjects

_log = logging.getLogger(__name__)

_LONGEST_PAUSE = timedelta(minutes=1)


@attrs.frozen(kw_only=True)
class Housekeeping:
    """Recovery, clean-up, sweep and purge at intervals. Several workers may do the same at once."""

    recover_stalled_exports: RecoverStalledExports
    clean_up_expired_exports: CleanUpExpiredExports
    sweep_orphaned_objects: SweepOrphanedObjects
    purge_exports: PurgeExports
    lease: timedelta = timedelta(seconds=10)
    #: A lost export waits for the end of its lease, and not much longer.
    recover_every: timedelta = attrs.field()
    clean_up_every: timedelta = timedelta(minutes=1)
    sweep_every: timedelta = timedelta(minutes=15)
    purge_every: timedelta = timedelta(hours=1)

    @recover_every.default
    def _a_part_of_the_lease(self) -> timedelta:
        return max(timedelta(seconds=0.2), min(self.lease / 10, timedelta(seconds=5)))

    @property
    def chores(self) -> Sequence[Chore]:
        """Recovery, clean-up, sweep, and the purge if the settings ask for it.

        Each needs its own thread: a long sweep must not delay the recovery.
        """
        chores = (self._recovery, self._clean_up, self._sweep)
        return chores if self.purge_exports.history is None else (*chores, self._purge)

    def prepare(self) -> None:
        """Expire and recover exports now, before a queue is drained. Never raises."""
        self._clean_up()
        self._recovery()

    def tidy(self) -> None:
        """Clean up, sweep and purge now. Never raises."""
        self._clean_up()
        self._sweep()
        self._purge()

    @property
    def _recovery(self) -> Chore:
        return Chore("recovery", self.recover_stalled_exports, self.recover_every)

    @property
    def _clean_up(self) -> Chore:
        return Chore("clean-up", self.clean_up_expired_exports, self.clean_up_every)

    @property
    def _sweep(self) -> Chore:
        return Chore("sweep", self.sweep_orphaned_objects, self.sweep_every)

    @property
    def _purge(self) -> Chore:
        return Chore("purge", self.purge_exports, self.purge_every)


@attrs.frozen
class Chore:
    """A duty that is done at an interval."""

    what: str
    do: Callable[[], object]
    every: timedelta

    def keep(self, is_over: Latch) -> None:
        """Do it now and then at its interval, until `is_over`. Never raises."""
        pause = self.every
        while not is_over.is_set():
            # While the database or the storage is away, the pauses grow, so that the log does not fill with errors.
            pause = self.every if self() else min(2 * pause, max(self.every, _LONGEST_PAUSE))
            # Workers that were started together should not stay in step.
            is_over.wait(pause.total_seconds() * uniform(0.8, 1.2))  # noqa: S311

    def __call__(self) -> bool:
        """Do it now; return whether it succeeded. Never raises."""
        try:
            self.do()
        except Exception:  # noqa: BLE001 - the other chores and the exports go on
            _log.exception("the %s failed; the worker tries it again", self.what)
            return False
        return True
