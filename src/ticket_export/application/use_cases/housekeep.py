"""Do the chores that are due: the duties of the library besides running exports."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

import attrs

from ticket_export.application.announcements import dispatch_committed
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.task_queue import SupportsWaiting, TaskQueue
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUp, CleanUpExpiredExports
from ticket_export.application.use_cases.purge_exports import Purge, PurgeExports
from ticket_export.application.use_cases.recover_stalled_exports import RecoverStalledExports, Recovery
from ticket_export.application.use_cases.sweep_orphaned_objects import Sweep, SweepOrphanedObjects

_log = logging.getLogger(__name__)

#: A queue that has not delivered a task for so long may have lost it.
LOST_AFTER: Final = timedelta(seconds=5)
#: The most tasks that are dispatched again in one call.
MOST_HINTS: Final = 20


class Chore(StrEnum):
    """The chores, in their order."""

    #: Put exports back into the queue whose worker has vanished.
    RECOVER = "recover"
    #: Dispatch tasks again that the queue may have lost.
    DISPATCH = "dispatch"
    #: Delete the files of expired exports.
    CLEAN_UP = "clean_up"
    #: Delete files that belong to no export.
    SWEEP = "sweep"
    #: Delete the rows of old exports.
    PURGE = "purge"


@attrs.frozen(kw_only=True)
class Housekept:
    """What one call has done. A chore that it has not done is None: it was not due, or has failed.

    `dispatched` is the number of tasks that were dispatched again. `failed` has the errors of the chores that failed,
    which are logged. `due_in` is the time until one of the chores is due.
    """

    recovery: Recovery | None = None
    dispatched: int | None = None
    clean_up: CleanUp | None = None
    sweep: Sweep | None = None
    purge: Purge | None = None
    failed: Mapping[Chore, Exception] = attrs.field(factory=dict)
    due_in: timedelta


@attrs.frozen(kw_only=True)
class Housekeep:
    """Recover, dispatch again, clean up, sweep and purge, each at its interval.

    Any number of workers, periodic tasks and cron jobs may call this, as often as they like.

    Rules:
        1. The database keeps when each chore was last begun. Of all callers, one begins it when its interval is over.
        2. A chore that fails is logged, and is due again after its interval. The other chores are done.
        3. At most 20 tasks are dispatched again in a call: those that have waited longest, and for more than 5 seconds.
           The workers of a queue that `SupportsWaiting` look for tasks themselves.
        4. Exports are purged only if the settings limit their history.
    """

    unit_of_work: Callable[[], UnitOfWork]
    task_queue: TaskQueue
    clock: Clock
    recover_stalled_exports: RecoverStalledExports
    clean_up_expired_exports: CleanUpExpiredExports
    sweep_orphaned_objects: SweepOrphanedObjects
    purge_exports: PurgeExports
    intervals: Mapping[Chore, timedelta]

    def __call__(self, *, only: Collection[Chore] = tuple(Chore), now: bool = False) -> Housekept:
        """Do the chores among `only` that are due; with `now`, do all of them.

        Raises:
            JobDatabaseError: the database cannot say which chores are due. Some may have been done.
        """
        kept = Housekept(due_in=max(self.intervals.values()))
        for chore in (each for each in self.chores if each in only):
            interval = self.intervals[chore]
            rest = self._begin(chore, timedelta(0) if now else interval)
            kept = attrs.evolve(kept, due_in=min(kept.due_in, rest or interval))
            if rest:
                continue
            try:
                kept = self._do(chore, kept)
            except Exception as error:  # noqa: BLE001 - by rule 2
                _log.exception("the chore %s failed; it is tried again", chore)
                kept = attrs.evolve(kept, failed={**kept.failed, chore: error})
        return kept

    @property
    def chores(self) -> tuple[Chore, ...]:
        """The chores that there are to do with these settings and this queue."""
        needless = set()
        if self.purge_exports.history is None:
            needless.add(Chore.PURGE)
        if isinstance(self.task_queue, SupportsWaiting):
            needless.add(Chore.DISPATCH)
        return tuple(chore for chore in Chore if chore not in needless)

    def _begin(self, chore: Chore, interval: timedelta) -> timedelta:
        with self.unit_of_work() as work:
            due_in = work.database.begin_chore(chore, now=self.clock.now(), interval=interval)
            work.commit()
        return due_in

    def _do(self, chore: Chore, kept: Housekept) -> Housekept:
        match chore:
            case Chore.RECOVER:
                return attrs.evolve(kept, recovery=self.recover_stalled_exports())
            case Chore.DISPATCH:
                return attrs.evolve(kept, dispatched=self._dispatch_again())
            case Chore.CLEAN_UP:
                return attrs.evolve(kept, clean_up=self.clean_up_expired_exports())
            case Chore.SWEEP:
                return attrs.evolve(kept, sweep=self.sweep_orphaned_objects())
            case _:
                return attrs.evolve(kept, purge=self.purge_exports())

    def _dispatch_again(self) -> int:
        with self.unit_of_work() as work:
            before = self.clock.now() - LOST_AFTER
            tasks = work.tasks.enqueued_before(TASK_NAME, before=before, limit=MOST_HINTS)
        for task in tasks:
            dispatch_committed(self.task_queue, task)
        return len(tasks)
