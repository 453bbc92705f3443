"""A worker on in-memory adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread

import attrs

from tests.unit.application.use_cases.help_desk import HelpDesk
from ticket_export import StopSignal
from ticket_export.infrastructure.tasks.housekeeping import Housekeeping
from ticket_export.infrastructure.tasks.worker import Worker

#: Seconds; only a failing test waits for so long.
PATIENCE = 60.0


def a_house(desk: HelpDesk, **rhythm: timedelta) -> Housekeeping:
    house = Housekeeping(
        recover_stalled_exports=desk.recover_stalled_exports,
        clean_up_expired_exports=desk.clean_up_expired_exports,
        sweep_orphaned_objects=desk.sweep_orphaned_objects,
        purge_exports=desk.purge_exports,
    )
    return attrs.evolve(house, **rhythm)  # type: ignore[arg-type]


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
