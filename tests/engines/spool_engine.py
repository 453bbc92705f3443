"""A job engine in a folder: a hint is a file in it, and a worker that deletes the file runs the next export.

A worker without a hint looks for no export, so an export whose hint is lost waits for ``Housekeep``.
``python -m tests.engines.spool_engine work FOLDER`` and ``… housekeep FOLDER`` are its processes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import attrs

from ticket_export import JobDatabaseError, RunResult, Settings, TicketExportContainer
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.entrypoints.cli.stop_on_signals import stop_on_signals
from ticket_export.ports import BackgroundTask, TaskQueue
from ticket_export.testing import JobEngine, SupportsBroker

# Seconds.
_LOOK_EVERY, _PAUSE = 0.05, 0.5


@attrs.frozen
class SpoolTaskQueue(TaskQueue):
    spool: Path

    def dispatch(self, task: BackgroundTask) -> None:
        # Without its folder the broker is away.
        with suppress(FileNotFoundError):
            (self.spool / str(uuid4())).touch()

    def take(self) -> bool:
        """Return whether there was a hint, which is gone then."""
        for hint in self.spool.glob("*"):
            with suppress(FileNotFoundError):
                hint.unlink()
                return True
        return False


@attrs.frozen
class SpoolEngine(JobEngine, SupportsBroker):
    spool: Path
    keeps_house: bool = True

    def container(self, settings: Settings) -> TicketExportContainer:
        return TicketExportContainer(settings=settings, task_queue=SpoolTaskQueue(self.spool))

    def commands(self, folder: Path) -> Sequence[Sequence[str]]:
        work, housekeep = ([sys.executable, "-m", __name__, what, str(self.spool)] for what in ("work", "housekeep"))
        return [work, work, housekeep] if self.keeps_house else [work, work]

    def stop_broker(self) -> None:
        self.spool.rename(self._away)

    def start_broker(self) -> None:
        self._away.rename(self.spool)

    def flush_broker(self) -> None:
        for hint in self.spool.glob("*"):
            hint.unlink(missing_ok=True)

    @property
    def _away(self) -> Path:
        return self.spool.with_name("away")


def _work(container: TicketExportContainer, queue: SpoolTaskQueue, stop: StopSignal) -> float:
    is_lost = queue.take() and container.run_next_export()(stop=stop).result is RunResult.LOST
    return _PAUSE if is_lost else _LOOK_EVERY


def _housekeep(container: TicketExportContainer, _queue: SpoolTaskQueue, _stop: StopSignal) -> float:
    container.housekeep()()
    return container.settings().housekeeping_interval.total_seconds()


def main(what: str, spool: str) -> None:
    queue, stop = SpoolTaskQueue(Path(spool)), StopSignal()
    container = TicketExportContainer(task_queue=queue)
    turn: Callable[[TicketExportContainer, SpoolTaskQueue, StopSignal], float]
    turn = _work if what == "work" else _housekeep
    with stop_on_signals(stop):
        pause = 0.0
        while not stop.wait(pause):
            try:
                pause = turn(container, queue, stop)
            except JobDatabaseError:
                pause = _PAUSE


if __name__ == "__main__":
    main(*sys.argv[1:])
