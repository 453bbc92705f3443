"""Workers at work, one of whose connections is ended every few hundred milliseconds, or a writer's."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from random import Random
from signal import SIGTERM

import attrs

from tests.chaos.arena import Arena, Backend
from tests.chaos.workers import WorkerProcess, Workers, wait_until_ready

_WORKERS = 3
# Seconds between two terminations, and between two looks for somebody to meet.
_SHORTEST, _LONGEST, _LOOK_EVERY = 0.02, 0.3, 0.01
# This share of them waits for a connection that reads tickets, since most do not for most of the time.
_READING = 0.6
# The first ones all do, until an export has lost its connection, and the next one meets a writer: a short run would
# else be over before any of them has. A server may have sent all rows before it is told to end the connection.
_FIRST_READING = 4


@attrs.define
class RandomTerminations:
    """Keeps three workers at work, and ends connections, theirs and the writers', for as long as `may_go_on`."""

    arena: Arena
    workers: Workers
    random: Random
    may_go_on: Callable[[int], bool]
    #: How many connections were ended, by what they did then.
    ended: Counter[str] = attrs.field(factory=Counter)
    _has_met_writer: bool = attrs.field(default=False, init=False)
    _has_lost: bool = attrs.field(default=False, init=False)
    _at_work: list[WorkerProcess] = attrs.field(factory=list, init=False)

    def rage(self, seconds: float) -> None:
        """Until no export waits or runs; fails if that takes longer than `seconds`."""
        deadline = time.monotonic() + seconds
        while left := self.arena.unfinished():
            assert time.monotonic() < deadline, f"{left} exports are unfinished after {seconds:g} s; {self.text}"
            self._man()
            victim = self._victim()
            if victim and self.may_go_on(self.ended.total()) and self.arena.terminate(victim):
                self._has_met_writer |= victim.is_writers
                self.ended["a COPY" if victim.copies else "a transaction" if victim.is_busy else "nothing"] += 1

    def calm(self) -> None:
        """Tell all workers to stop, and see that each ends well."""
        for worker in self._at_work:
            wait_until_ready(worker)
            worker.signal(SIGTERM)
        for worker in self.workers.started:
            # Whoever loses the database before it is ready ends; its supervisor starts it anew.
            assert worker.end() == 0 or not worker.is_ready, worker.log.read_text("utf-8")

    @property
    def text(self) -> str:
        return f"{self.ended.total()} connections were ended: {dict(self.ended)}"

    def _man(self) -> None:
        self._at_work = [worker for worker in self._at_work if worker.is_alive]
        while len(self._at_work) < _WORKERS:
            self._at_work.append(self.workers.start(self.arena.settings))

    def _is_lost(self) -> bool:
        self._has_lost = self._has_lost or self.arena.has_lost_an_attempt()
        return self._has_lost

    def _victim(self) -> Backend | None:
        until = time.monotonic() + self.random.uniform(_SHORTEST, _LONGEST)
        must_read = self.ended["a COPY"] < _FIRST_READING or not self._is_lost()
        wants_reading = must_read or self.random.random() < _READING
        while True:
            connections = self.arena.connections()
            reading = [each for each in connections if each.copies]
            writing = [each for each in connections if each.is_writers]
            if not (must_read or self._has_met_writer) and writing:
                return self.random.choice(writing)
            if wants_reading and reading:
                return self.random.choice(reading)
            if time.monotonic() > until:
                return self.random.choice(connections) if connections and not must_read else None
            time.sleep(_LOOK_EVERY / 10 if must_read else _LOOK_EVERY)
