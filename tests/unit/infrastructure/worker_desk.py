"""A worker on in-memory adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread

import attrs

from tests.unit.application.use_cases.help_desk import HelpDesk
from ticket_export import StopSignal
from ticket_export.application.use_cases.housekeep import Chore
from ticket_export.infrastructure.system_clock import SystemClock
from ticket_export.infrastructure.tasks.housekeeping import Housekeeping
from ticket_export.infrastructure.tasks.worker import Worker

#: Seconds; only a failing test waits for so long.
PATIENCE = 60.0


def a_house(desk: HelpDesk, intervals: Mapping[Chore, timedelta] | None = None) -> Housekeeping:
    """Whose clock runs, although that of the exports may stand still."""
    housekeep = attrs.evolve(desk.housekeep, clock=SystemClock())
    return Housekeeping(housekeep=attrs.evolve(housekeep, intervals=intervals) if intervals else housekeep)


def a_worker(desk: HelpDesk) -> Worker:
    return Worker(run_next_export=desk.run_next_export, task_queue=desk.queue, housekeeping=a_house(desk))


@contextmanager
def at_work(work: Callable[[StopSignal], None]) -> Iterator[StopSignal]:
    """`work` goes on in another thread during the block, and is stopped, and has to end, after it."""
    stop = StopSignal()
    thread = Thread(target=work, args=(stop,), daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.give()
        thread.join(PATIENCE)
    assert not thread.is_alive(), "it does not stop"
