"""How the engine takes the hints of those who request exports."""

from __future__ import annotations

from time import monotonic

import attrs

from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.domain.background_task import BackgroundTask


@attrs.define
class WatchedHints(TaskQueue):
    """Passes hints to `queue`. `slowest` is the longest call in seconds; `errors` has what was raised."""

    queue: TaskQueue
    slowest: float = attrs.field(default=0.0, init=False)
    errors: list[Exception] = attrs.field(factory=list, init=False)

    def dispatch(self, task: BackgroundTask) -> None:
        """Pass the hint."""
        began_at = monotonic()
        try:
            self.queue.dispatch(task)
        except Exception as error:  # noqa: BLE001 - the suite shows it
            self.errors.append(error)
        self.slowest = max(self.slowest, monotonic() - began_at)
