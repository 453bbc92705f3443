"""Workers at work, one of which is hit by a signal every few hundred milliseconds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from random import Random
from signal import SIGTERM, Signals

import attrs

from tests.chaos.arena import Arena, Held
from tests.chaos.fault import Fault, Step
from tests.chaos.workers import WorkerProcess, Workers, wait_until_ready
from ticket_export.settings import Settings

_WORKERS = 3
# Seconds between two signals.
_SHORTEST, _LONGEST = 0.05, 0.5
# This share of the workers brings its signal along, for a step that one from outside would rarely hit.
_FAULTY = 0.3
# The first workers do, for these: so upload and commit are hit even where everything is over in a second.
_FIRST_STEPS = (Step.WRITING, Step.SYNCED, Step.PUBLISHED)
_STEPS = [step for step in Step if step not in {Step.HANDING_BACK, Step.HANDED_BACK, Step.REPORTING, Step.REPORTED}]


@attrs.define
class Hits:
    """How often a signal met a worker, and what the worker held then."""

    nothing: int = 0
    unpublished: int = 0
    #: Killed here, an attempt leaves an object that only the sweep removes.
    published: int = 0
    #: Those of `Fault`, which came from within; they are counted above too.
    own: Counter[str] = attrs.field(factory=Counter)

    @property
    def total(self) -> int:
        return self.nothing + self.unpublished + self.published

    @property
    def text(self) -> str:
        return (
            f"{self.total} signals: {self.unpublished} met a running export, {self.published} one between upload and "
            f"commit, {self.nothing} an idle worker; {self.own.total()} came from within: {dict(self.own)}"
        )


@attrs.define
class RandomSignals:
    """Keeps three workers at work; every one that ends is replaced at once.

    They are sent `signal` for as long as `may_go_on`, which is told how often, says so.
    """

    arena: Arena
    workers: Workers
    random: Random
    signal: Signals
    may_go_on: Callable[[int], bool]
    hits: Hits = attrs.field(factory=Hits)
    _at_work: list[WorkerProcess] = attrs.field(factory=list, init=False)
    _may_go_on: bool = attrs.field(default=True, init=False)

    def rage(self, seconds: float) -> None:
        """Until no export waits or runs; fails if that takes longer than `seconds`."""
        deadline = time.monotonic() + seconds
        while left := self.arena.unfinished():
            self._may_go_on = self.may_go_on(self.hits.total)
            assert time.monotonic() < deadline, f"{left} exports are unfinished after {seconds:g} s; {self.hits.text}"
            self._man()
            time.sleep(self.random.uniform(_SHORTEST, _LONGEST))
            # One that sends SIGTERM to itself must not hear it twice, which would end it at once.
            victims = [worker for worker in self._at_work if self.signal is not SIGTERM or not worker.faults]
            if victims and self._may_go_on:
                self._hit(self.random.choice(victims))

    def calm(self) -> None:
        """Tell all workers to stop, and see that each ended as the signal says."""
        for worker in self._at_work:
            wait_until_ready(worker)
            worker.signal(SIGTERM)
        for worker in self.workers.started:
            # SIGTERM ends a worker well; a second one, after its own, at once.
            is_unwell = self.signal is not SIGTERM or bool(worker.faults)
            assert worker.end() in ({0, -self.signal} if is_unwell else {0}), worker.log.read_text("utf-8")

    @property
    def _settings(self) -> Settings:
        # Nobody waits for a lease where everything is handed back, and then a busy machine must not end one.
        return self.arena.with_lease(600) if self.signal is SIGTERM else self.arena.settings

    def _man(self) -> None:
        for worker in [worker for worker in self._at_work if not worker.is_alive]:
            self._at_work.remove(worker)
            self.hits.own.update(fault.step.name for fault in worker.faults)
            self._count(self.arena.held_by(worker.pid))
        while len(self._at_work) < _WORKERS:
            self._at_work.append(self.workers.start(self._settings, faults=self._faults()))

    def _faults(self) -> list[Fault]:
        if len(self.workers.started) < len(_FIRST_STEPS):
            return [Fault(_FIRST_STEPS[len(self.workers.started)], self.signal)]
        if not self._may_go_on or self.random.random() >= _FAULTY:
            return []
        return [Fault(self.random.choice(_STEPS), self.signal, self.random.randint(1, 3))]

    def _hit(self, worker: WorkerProcess) -> None:
        if self.signal is SIGTERM:
            # Before it listens, a process has taken nothing, and simply dies.
            wait_until_ready(worker)
        # Who hears SIGTERM hands back at once; who hears SIGKILL leaves everything as it is.
        before = self.arena.held_by(worker.pid)
        worker.signal(self.signal)
        self._at_work.remove(worker)
        self._count(before if self.signal is SIGTERM else self.arena.held_by(worker.pid))

    def _count(self, held: Held | None) -> None:
        if held is None:
            self.hits.nothing += 1
        elif self.arena.objects_of(held.job_id, held.token):
            self.hits.published += 1
        else:
            self.hits.unpublished += 1
