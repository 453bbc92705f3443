"""The set-ups that are measured, by the head of their columns."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import attrs

from benchmarks.queue.desk import WorkerCommand


@attrs.frozen(kw_only=True)
class Setup:
    """A database and what runs its exports. On Celery, hints go through a broker."""

    is_on_postgresql: bool = True
    is_on_celery: bool = False
    workers: WorkerCommand = attrs.field(factory=WorkerCommand)


# One worker with four processes, and the beat that sends the ticks of the housekeeping.
_CELERY = WorkerCommand(
    command=(
        *(sys.executable, "-m", "celery", "--app", "benchmarks.queue.celery_app"),
        *("worker", "--beat", "--concurrency", "4", "--loglevel", "INFO"),
    ),
    ready=" ready.",
)


SETUPS: Mapping[str, Setup] = {
    "SQLite, one worker": Setup(is_on_postgresql=False),
    "PostgreSQL, one worker": Setup(),
    "PostgreSQL, four workers": Setup(workers=WorkerCommand(processes=4)),
    "PostgreSQL, Celery with Valkey, four processes": Setup(is_on_celery=True, workers=_CELERY),
}
