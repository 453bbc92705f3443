"""One scenario, with or without a fault, and what the survivors make of it."""

from __future__ import annotations

from collections import Counter, abc
from datetime import UTC, datetime, timedelta
from typing import Protocol, Self
from uuid import UUID

import attrs
from dependency_injector.providers import Callable

from tests.crashes.process import Fault, Mode, Process
from tests.crashes.world import World, seen_by
from ticket_export import TicketExportContainer
from ticket_export.application.ports.audit_log import AuditAction
from ticket_export.infrastructure.memory.database import Rows
from ticket_export.ports import ExportJob

_SECOND = timedelta(seconds=1)


@attrs.frozen
class Stored:
    """What a world has stored at one moment. To read it takes a good part of a case, so claims share it."""

    rows: Rows
    objects: abc.Mapping[str, bytes]
    audited: Counter[tuple[AuditAction, UUID]]

    @classmethod
    def of(cls, world: World) -> Self:
        return cls(world.rows(), world.objects(), Counter(world.audited()))


@attrs.define(kw_only=True)
class Case:
    """`jobs` are those that were there before, in the order of their requests."""

    world: World
    jobs: tuple[UUID, ...]
    process: Process
    seen: TicketExportContainer
    mode: Mode | None
    #: What came out of the process to whoever called it.
    error: Exception | None = None
    #: What was stored before the survivors came.
    stored_at_once: Stored = attrs.field(init=False)

    @property
    def job(self) -> ExportJob:
        """The first of those that were there before, as it is now."""
        return self.world.rows().jobs[self.jobs[0]]

    @property
    def at_once(self) -> abc.Mapping[UUID, ExportJob]:
        """The jobs as they were before the survivors came."""
        return self.stored_at_once.rows.jobs

    @property
    def is_undisturbed(self) -> bool:
        return self.process.hit is None

    def in_process(self, act: abc.Callable[[], object]) -> None:
        """Its death ends `act`, and an error of it is kept."""
        with self.process.running():
            try:
                act()
            except Exception as error:  # noqa: BLE001 - whatever it is, the state is what matters
                self.error = error


class Scenario(Protocol):
    """What is there before, what one process does, and what is right afterwards."""

    #: By how much the clock moves on whenever that process looks at it.
    tick: timedelta
    #: Whether the readers count a row too many.
    miscounts: bool
    #: Whether the readers of that process lose their connection.
    loses_tickets: bool
    #: Whether the calls of the heartbeat's thread are steps like others.
    counts_heartbeat: bool
    #: Whether jobs and tasks agree from the beginning.
    begins_in_order: bool
    #: Whether a file may go before the rows that name it.
    deletes_files: bool

    def prepare(self, world: World) -> tuple[UUID, ...]:
        """Let there be jobs."""
        ...

    def act(self, case: Case) -> object:
        """What the process does that fails or dies."""
        ...

    def claim_at_once(self, case: Case) -> None:
        """What is true before any other process has done anything."""
        ...

    def finish(self, case: Case) -> None:
        """What an operator does again after the survivors."""
        ...

    def claim_end(self, case: Case) -> None:
        """What is true in the end."""
        ...


class Stage:
    """A scenario in a world, played again and again from its beginning."""

    def __init__(self, scenario: Scenario, world: World) -> None:
        self.scenario = scenario
        self._world = world
        self._jobs = scenario.prepare(world)
        world.keep()
        world.miscounted = int(scenario.miscounts)
        self._process = Process()
        self._seen = seen_by(Callable(lambda: self._process), world.parts)

    def play(self, fault: Fault | None = None) -> Case:
        """Up to where the process has ended, well or not."""
        world, scenario = self._world, self.scenario
        world.restore()
        self._seen.ownership_memory.reset()
        self._process = Process(fault, counts_heartbeat=scenario.counts_heartbeat)
        mode = fault.mode if fault else None
        case = Case(world=world, jobs=self._jobs, process=self._process, seen=self._seen, mode=mode)
        world.clock.tick = scenario.tick
        world.loses_tickets = scenario.loses_tickets
        case.in_process(lambda: scenario.act(case))
        world.clock.tick = timedelta(0)
        world.loses_tickets = False
        case.stored_at_once = Stored.of(world)
        return case


def survive(world: World) -> None:
    """A healthy worker comes once the leases have ended, and one more when what was begun is stale."""
    world.change_process()
    settings = world.parts.settings()
    world.clock.advance(settings.lease + _SECOND)
    world.parts.worker().drain()
    sweep_stale(world)


def sweep_stale(world: World) -> None:
    """A worker comes when what was begun is stale."""
    settings = world.parts.settings()
    now = world.clock.now()
    # The time of a folder's files is the real one.
    world.clock.set(datetime.now(UTC) + max(2 * settings.stall, timedelta(hours=1)) + _SECOND)
    world.parts.sweep_orphaned_objects()()
    world.clock.set(now)
