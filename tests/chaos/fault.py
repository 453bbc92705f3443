"""Signals that a worker sends to itself at chosen steps of its work."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from enum import StrEnum
from signal import SIGKILL, Signals, pthread_kill
from threading import RLock, get_ident
from typing import Self

import attrs

#: The environment variable that tells a worker process which faults it meets.
FAULTS_VARIABLE = "CHAOS_FAULTS"


class Step(StrEnum):
    """The steps of an attempt, in their order; those of recovery at the end."""

    CLAIMING = "the claim is written and not committed"
    CLAIMED = "the claim is committed"
    STARTED = "the start is in the audit log"
    WRITING = "a block of the file is written"
    REPORTING = "progress is written and not committed"
    REPORTED = "progress is committed"
    WRITTEN = "all of the file is written and none of it readable"
    SYNCED = "the file is on the disk, without its name"
    PUBLISHED = "the file is readable"
    COMPLETING = "the completion is written and not committed"
    COMPLETED = "the completion is committed"
    HANDING_BACK = "the way back into the queue is written and not committed"
    HANDED_BACK = "the job is back in the queue"


# What the heartbeat does, twice a second.
_LATE = {Step.REPORTING, Step.REPORTED, Step.HANDING_BACK, Step.HANDED_BACK}


@attrs.define
class Fault:
    """`signal` comes when `step` is reached for the `nth` time."""

    step: Step
    signal: Signals = SIGKILL
    nth: int = 1
    _reached: int = attrs.field(default=0, init=False)

    def reach(self, step: Step) -> None:
        if step is self.step:
            self._reached += 1
            if self._reached == self.nth:
                # To this very thread, which is stopped before it can let go of a lock; a signal to the process
                # may be taken by another thread first.
                pthread_kill(get_ident(), self.signal)


@attrs.frozen
class Faults:
    """What happens to one process."""

    faults: tuple[Fault, ...]
    #: Held during every transaction: a process that is stopped in the middle of one keeps SQLite's write lock,
    #: and nobody could take anything over from it.
    transaction: AbstractContextManager[bool] = attrs.field(factory=RLock, init=False)

    @property
    def text(self) -> str:
        """For the environment of a worker process; `of_this_process` takes it."""
        return ",".join(f"{fault.step.name} {fault.signal.name} {fault.nth}" for fault in self.faults)

    @classmethod
    def of_this_process(cls) -> Self:
        faults = (text.split() for text in os.environ[FAULTS_VARIABLE].split(","))
        return cls(tuple(Fault(Step[step], Signals[signal], int(nth)) for step, signal, nth in faults))

    @property
    def need_time(self) -> bool:
        """Whether an export as small as a test's would be over before they come."""
        return any(fault.step in _LATE for fault in self.faults)

    def reach(self, step: Step) -> None:
        """Call it at every step."""
        with self.transaction:
            for fault in self.faults:
                fault.reach(step)
