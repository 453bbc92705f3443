"""One run of chaos: exports are requested while everything fails, and then every file is checked."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Self

import attrs

from ticket_export.infrastructure.memory.unreliable_task_queue import Fate, UnreliableTaskQueue
from ticket_export.testing.engines.arena import Arena, settings_of
from ticket_export.testing.engines.end_state import EndState
from ticket_export.testing.engines.faults import Fault, Faults
from ticket_export.testing.engines.job_engine import JobEngine
from ticket_export.testing.engines.processes import EngineProcesses
from ticket_export.testing.engines.views import distinct_views
from ticket_export.testing.engines.watched_hints import WatchedHints
from ticket_export.testing.task_queue import HINT_LIMIT, SLACK

# Seconds between two faults.
_SHORTEST, _LONGEST = 0.05, 0.5
_LOOK_EVERY = 0.05


@attrs.frozen
class Chaos:
    """A run in which `seed` decides the views, the faults, their victims and pauses, and what becomes of each hint."""

    arena: Arena
    processes: EngineProcesses
    faults: Faults
    hints: WatchedHints
    unreliable: UnreliableTaskQueue
    random: Random
    began_at: float = attrs.field(factory=time.monotonic)

    @classmethod
    @contextmanager
    def over(cls, engine: JobEngine, folder: Path, database_url: str, *, tickets: int, seed: int) -> Iterator[Self]:
        """Fill the database and start the engine's processes; end them with the block."""
        settings = settings_of(folder, database_url)
        arena = Arena(folder, settings, engine.container(settings))
        hints = WatchedHints(arena.container.task_queue())
        unreliable = UnreliableTaskQueue(hints, _random(seed, "hints"))
        arena.container.task_queue.override(unreliable)
        arena.fill(tickets)
        environment = settings.environment() | dict(engine.environment())
        try:
            with EngineProcesses(engine.commands(folder), environment, folder) as processes:
                faults = Faults(engine, arena, processes, _random(seed, "victims"))
                yield cls(arena, processes, faults, hints, unreliable, _random(seed, "views"))
        finally:
            arena.close()

    def rage(self, exports: int, tickets: int, patience: float) -> None:
        """Request so many exports of up to `tickets` tickets, some between each two faults; wait until all have ended.

        Every kind of fault happens. Fail if no export ends for `patience` seconds while some are left. The time in
        which the kit keeps the broker or the database away does not count.
        """
        formats = list(self.arena.container.file_formats().by_name)
        views = distinct_views(exports, tickets, self.random, formats=formats)
        plan = self._plan(exports)
        progress = _Progress(patience, self.faults)
        for number, fault in enumerate(plan):
            group = views[number * exports // len(plan) : (number + 1) * exports // len(plan)]
            self.processes.keep()
            self.faults.strike(fault, lambda group=group: self._request(group))  # type: ignore[misc]
            time.sleep(self.random.uniform(_SHORTEST, _LONGEST))
            self._require(progress, requested=(number + 1) * exports // len(plan))
        self.unreliable.release()
        while self._require(progress, requested=exports):
            self.processes.keep()
            time.sleep(_LOOK_EVERY)

    def _require(self, progress: _Progress, *, requested: int) -> int:
        left = self.arena.unfinished()
        if progress.is_over(ended=requested - left, left=left):
            raise AssertionError(
                f"{left} exports are unfinished, and none ended for {progress.patience:g} s; {self.text}\n"
                f"{self.processes.logs()}"
            )
        return left

    def end(self, exports: int) -> EndState:
        """Stop the processes and sweep; fail unless each export has completed exactly once, and return what is left."""
        late = self.processes.stop_all()
        assert late == 0, f"{late} processes did not stop after SIGTERM\n{self.processes.logs()}"
        self.arena.container.sweep_orphaned_objects()()
        end = EndState.of(self.arena)
        assert len(end.jobs) == exports
        end.require_whole()
        assert self.faults.met > 0, "no fault has met a running export: nothing was tested"
        assert self.hints.errors == []
        assert self.hints.slowest < HINT_LIMIT + SLACK, f"a hint took {self.hints.slowest:.1f} s"
        return end

    @property
    def text(self) -> str:
        """What has happened, in one line."""
        processes = self.processes
        return (
            f"{time.monotonic() - self.began_at:.1f} s, {processes.count} processes, "
            f"{processes.ended_by_themselves} of them ended with an error; "
            f"{self.faults.counts.total()} faults, {self.faults.met} of them met a running export: "
            f"{_shown(self.faults.counts)}; "
            f"hints: {_shown(self.unreliable.fates)}, the slowest {self.hints.slowest:.2f} s"
        )

    def _plan(self, exports: int) -> list[Fault]:
        kinds = self.faults.kinds
        more = self.random.choices(kinds, k=max(0, exports // 2 - len(kinds)))
        return self.random.sample(kinds, len(kinds)) + more

    def _request(self, views: list[dict[str, object]]) -> None:
        for view in views:
            self.arena.request(view)


@attrs.define
class _Progress:
    patience: float
    faults: Faults
    _ended: int = 0
    _at: float = attrs.field(factory=time.monotonic)

    def is_over(self, *, ended: int, left: int) -> bool:
        """Return whether nothing has ended for too long, although something is left to end."""
        now = time.monotonic() - self.faults.away
        if ended > self._ended or not left:
            self._ended, self._at = ended, now
        return now > self._at + self.patience


def _random(seed: int, use: str) -> Random:
    # One for each use: how often a victim is chosen depends on the moment, and must change nothing else.
    return Random(f"{seed} {use}")  # noqa: S311 - repeatable, not secret


def _shown(counts: Mapping[Fault, int] | Mapping[Fate, int]) -> str:
    return ", ".join(f"{count} x {what}" for what, count in counts.items())
