"""What the chaos kit does to an engine."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from random import Random

import attrs

from ticket_export.testing.engines.arena import Arena
from ticket_export.testing.engines.job_engine import JobEngine, SupportsBroker, SupportsDatabaseRestart
from ticket_export.testing.engines.processes import EngineProcess, EngineProcesses

# Seconds that a fault waits for an export that it can meet, longer than until a lost hint is sent again; and between
# two looks.
_WAIT, _LOOK_EVERY = 8.0, 0.005
# Seconds that a broker is away.
_SHORTEST, _LONGEST = 0.5, 3.0


class Fault(StrEnum):
    """A kind of fault; those of an ability that the engine lacks do not happen."""

    KILL_WORKER = "worker killed with its children"
    KILL_ONE = "only the process of an export killed"
    KILL_MAIN = "only the main process killed"
    KILL_ANY = "any process killed with its children"
    STOP = "worker told to stop"
    FLUSH = "broker flushed"
    BROKER_AWAY = "broker stopped and started"
    RESTART_DATABASE = "database restarted"


@attrs.define
class Faults:
    """The faults of one run.

    `counts` has how often each happened, `met` how many met a running export. `away` is for how many seconds the kit
    has kept the broker or the database away.
    """

    engine: JobEngine
    arena: Arena
    processes: EngineProcesses
    random: Random
    counts: Counter[Fault] = attrs.field(factory=Counter, init=False)
    met: int = attrs.field(default=0, init=False)
    away: float = attrs.field(default=0.0, init=False)

    @property
    def kinds(self) -> Sequence[Fault]:
        """Those that can happen to the engine."""
        kinds = [Fault.KILL_WORKER, Fault.KILL_ONE, Fault.KILL_MAIN, Fault.KILL_ANY, Fault.STOP]
        if isinstance(self.engine, SupportsBroker):
            kinds += [Fault.FLUSH, Fault.BROKER_AWAY]
        if isinstance(self.engine, SupportsDatabaseRestart):
            kinds.append(Fault.RESTART_DATABASE)
        return kinds

    def strike(self, fault: Fault, request: Callable[[], None]) -> None:
        """Let it happen, and meanwhile or before that `request` some exports."""
        self.counts[fault] += 1
        if fault is Fault.BROKER_AWAY and isinstance(self.engine, SupportsBroker):
            with self._outage():
                self.engine.stop_broker()
                request()
                time.sleep(self.random.uniform(_SHORTEST, _LONGEST))
                self.engine.start_broker()
            return
        request()
        if fault is Fault.FLUSH and isinstance(self.engine, SupportsBroker):
            self.engine.flush_broker()
            return
        process, pid = self._any() if fault is Fault.KILL_ANY else self._victim()
        if fault is Fault.RESTART_DATABASE and isinstance(self.engine, SupportsDatabaseRestart):
            with self._outage():
                self.engine.restart_database()
        elif process is not None:
            self._hit(fault, process, pid)

    @contextmanager
    def _outage(self) -> Iterator[None]:
        began_at = time.monotonic()
        yield
        self.away += time.monotonic() - began_at

    def _hit(self, fault: Fault, process: EngineProcess, pid: int) -> None:
        if fault is Fault.KILL_ONE:
            process.kill_one(pid)
        elif fault is Fault.KILL_MAIN:
            process.kill_main()
        elif fault is Fault.STOP:
            self.processes.stop(process)
        else:
            process.kill()

    def _victim(self) -> tuple[EngineProcess | None, int]:
        """Return a process and its part that runs an export; another one if none runs for some seconds."""
        deadline = time.monotonic() + _WAIT
        while time.monotonic() < deadline:
            if holders := self.arena.holders():
                of_pid = {pid: process for process in self.processes.alive for pid in process.pids}
                if running := [pid for pid in holders if pid in of_pid]:
                    self.met += 1
                    pid = self.random.choice(running)
                    return of_pid[pid], pid
            time.sleep(_LOOK_EVERY)
            self.processes.keep()
        return self._any()

    def _any(self) -> tuple[EngineProcess | None, int]:
        alive = self.processes.alive
        process = self.random.choice(alive) if alive else None
        return process, process.main.pid if process else 0
