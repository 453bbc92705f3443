"""The set-ups that are measured, by the head of their columns."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from benchmarks.queue.desk import WorkerCommand


@attrs.frozen(kw_only=True)
class Setup:
    """A database and what runs its exports."""

    is_on_postgresql: bool = True
    workers: WorkerCommand = attrs.field(factory=WorkerCommand)


SETUPS: Mapping[str, Setup] = {
    "SQLite, one worker": Setup(is_on_postgresql=False),
    "PostgreSQL, one worker": Setup(),
    "PostgreSQL, four workers": Setup(workers=WorkerCommand(processes=4)),
}
