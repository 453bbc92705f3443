"""What a worker does besides exporting, each thing in its own rhythm."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from random import uniform
from time import monotonic
from typing import TYPE_CHECKING

import attrs

from ticket_export.application.use_cases.clean_up_expired_exports import CleanUpExpiredExports
from ticket_export.application.use_cases.recover_stalled_exports import RecoverStalledExports
from ticket_export.application.use_cases.sweep_orphaned_objects import SweepOrphanedObjects

if TYPE_CHECKING:
    from threading import Event

_log = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class Housekeeping:
    """Recovery, clean-up and sweep, every so often. Several workers may do the same at once."""

    recover_stalled_exports: RecoverStalledExports
    clean_up_expired_exports: CleanUpExpiredExports
    sweep_orphaned_objects: SweepOrphanedObjects
    recover_every: timedelta = timedelta(seconds=1)
    clean_up_every: timedelta = timedelta(minutes=1)
    sweep_every: timedelta = timedelta(minutes=15)

    def keep(self, is_over: Event) -> None:
        """Do everything at once, then each in its rhythm, until `is_over`. Never raises."""
        chores = [
            _Chore(self.recover, self.recover_every),
            _Chore(self.clean_up, self.clean_up_every),
            _Chore(self.sweep, self.sweep_every),
        ]
        while not is_over.is_set():
            due = min(chores, key=lambda chore: chore.next_at)
            if not is_over.wait(max(0.0, due.next_at - monotonic())):
                due()

    def tidy(self) -> None:
        """Clean up and sweep, now. Never raises."""
        self.clean_up()
        self.sweep()

    def recover(self) -> None:
        """Recover what is stalled, now. Never raises."""
        _attempt("recovery", self.recover_stalled_exports)

    def clean_up(self) -> None:
        """Clean up what has expired, now. Never raises."""
        _attempt("clean-up", self.clean_up_expired_exports)

    def sweep(self) -> None:
        """Remove what is orphaned, now. Never raises."""
        _attempt("sweep", self.sweep_orphaned_objects)


@attrs.define
class _Chore:
    do: Callable[[], None]
    every: timedelta
    next_at: float = attrs.field(factory=monotonic)

    def __call__(self) -> None:
        self.do()
        # Not to the second, so that workers which were started together do not keep in step.
        self.next_at = monotonic() + self.every.total_seconds() * uniform(0.8, 1.2)  # noqa: S311


def _attempt(what: str, do: Callable[[], object]) -> None:
    try:
        do()
    except Exception:  # noqa: BLE001 - the other chores go on
        _log.exception("the %s failed; the next one may do better", what)
