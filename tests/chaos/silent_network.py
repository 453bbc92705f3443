"""Workers at work, each behind a network of its own that falls silent, and on a machine whose clock is wrong."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from random import Random
from signal import SIGKILL, SIGTERM
from types import TracebackType
from typing import Self

import attrs

from tests.chaos.arena import Arena
from tests.chaos.workers import WorkerProcess, Workers, wait_until_ready
from tests.silent_proxy import SilentProxy

#: Seconds; one right, and two that are wrong in both directions.
_CLOCKS = (0.0, 600.0, -600.0)
# Seconds between two faults, and that a network is silent.
_SHORTEST, _LONGEST = 0.2, 1.5
# This share of the faults is a machine that vanishes, with its network.
_VANISHING = 0.4
# So many faults meet an export first; a short run would be over before any other has. How often that is looked for.
_FIRST_BUSY, _LOOK_EVERY = 3, 0.005


@attrs.define
class _Machine:
    """A worker, and the network that is between it and the database."""

    worker: WorkerProcess
    proxy: SilentProxy


@attrs.define
class SilentNetwork:
    """Keeps three workers at work; cuts their networks, for a while or for ever, for as long as `may_go_on`."""

    arena: Arena
    workers: Workers
    random: Random
    may_go_on: Callable[[int], bool]
    #: How often a network fell silent, by what its worker did.
    faults: Counter[str] = attrs.field(factory=Counter)
    #: How often it took its machine along.
    vanished: int = 0
    _machines: list[_Machine] = attrs.field(factory=list, init=False)
    _gone: list[SilentProxy] = attrs.field(factory=list, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for proxy in (*self._gone, *(machine.proxy for machine in self._machines)):
            proxy.close()

    def rage(self, seconds: float) -> None:
        """Until no export waits or runs; fails if that takes longer than `seconds`."""
        deadline = time.monotonic() + seconds
        while left := self.arena.unfinished():
            assert time.monotonic() < deadline, f"{left} exports are unfinished after {seconds:g} s; {self.text}"
            self._man()
            busy = self._busy()
            if self.may_go_on(self.faults.total()) and (busy or self.faults["with an export"] >= _FIRST_BUSY):
                self._strike(busy or self.random.choice(self._machines), is_busy=busy is not None)

    def calm(self) -> None:
        """Tell all workers to stop, and see that each ends well."""
        for machine in self._machines:
            wait_until_ready(machine.worker)
            machine.worker.signal(SIGTERM)
        for machine in self._machines:
            worker = machine.worker
            assert worker.end() == 0 or not worker.is_ready, worker.log.read_text("utf-8")

    @property
    def text(self) -> str:
        return (
            f"networks fell silent {self.faults.total()} times, {dict(self.faults)}; {self.vanished} machines vanished"
        )

    def _man(self) -> None:
        for machine in [machine for machine in self._machines if not machine.worker.is_alive]:
            self._machines.remove(machine)
            self._gone.append(machine.proxy)
        while len(self._machines) < len(_CLOCKS):
            proxy = SilentProxy(self.arena.settings.database_url)
            settings = self.arena.settings.model_copy(update={"database_url": f"{proxy.url}&connect_timeout=2"})
            clock = _CLOCKS[len(self.workers.started) % len(_CLOCKS)]
            self._machines.append(_Machine(self.workers.start(settings, seconds_off=clock), proxy))

    def _busy(self) -> _Machine | None:
        """One that holds an export, if any does before long."""
        until = time.monotonic() + self.random.uniform(_SHORTEST, _LONGEST)
        while time.monotonic() < until:
            for machine in self.random.sample(self._machines, len(self._machines)):
                if self.arena.held_by(machine.worker.pid):
                    return machine
            time.sleep(_LOOK_EVERY)
        return None

    def _strike(self, machine: _Machine, *, is_busy: bool) -> None:
        machine.proxy.cut()
        self.faults["with an export" if is_busy else "with nothing"] += 1
        if self.random.random() < _VANISHING:
            # Its kernel would say goodbye for it; behind the cut, nobody hears that.
            machine.worker.signal(SIGKILL)
            self._machines.remove(machine)
            self._gone.append(machine.proxy)
            self.vanished += 1
            return
        time.sleep(self.random.uniform(_SHORTEST, 2 * _LONGEST))
        machine.proxy.mend()
