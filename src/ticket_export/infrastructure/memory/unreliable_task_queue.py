"""A task queue that does to hints what a broker may do to them."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from random import Random
from threading import Lock

import attrs

from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue


class Fate(StrEnum):
    """What becomes of a hint."""

    DELIVERED = "delivered"
    LOST = "lost"
    DOUBLED = "doubled"
    #: It is held until a later hint has overtaken it, or until `release`.
    DELAYED = "delayed"


@attrs.define
class UnreliableTaskQueue(TaskQueue):
    """Loses, doubles, delays and reorders the hints for `queue`.

    Of four hints in a row, each has another fate; `random` decides which. `fates` counts them.
    """

    queue: TaskQueue = attrs.field(factory=InMemoryTaskQueue)
    random: Random = attrs.field(factory=lambda: Random(0))  # noqa: S311 - repeatable, not secret
    fates: Counter[Fate] = attrs.field(factory=Counter, init=False)
    _next: list[Fate] = attrs.field(factory=list, init=False)
    _held: list[BackgroundTask] = attrs.field(factory=list, init=False)
    _choosing: Lock = attrs.field(factory=Lock, init=False)

    def dispatch(self, task: BackgroundTask) -> None:
        with self._choosing:
            hints = self._hints(task)
        for hint in hints:
            self.queue.dispatch(hint)

    def release(self) -> None:
        """Deliver the hints that are held, in any order."""
        with self._choosing:
            held, self._held = self.random.sample(self._held, len(self._held)), []
        for hint in held:
            self.queue.dispatch(hint)

    def _hints(self, task: BackgroundTask) -> list[BackgroundTask]:
        """Return the hints to deliver now."""
        if not self._next:
            self._next = self.random.sample(list(Fate), len(Fate))
        fate = self._next.pop()
        self.fates[fate] += 1
        if fate is Fate.DELAYED:
            self._held.append(task)
            return []
        overtaken = []
        if fate is not Fate.LOST and self._held:
            overtaken.append(self._held.pop(self.random.randrange(len(self._held))))
        return [task] * {Fate.LOST: 0, Fate.DELIVERED: 1, Fate.DOUBLED: 2}[fate] + overtaken
