"""Cancelling: it takes effect, or the export is made."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from tests.crashes.case import Case
from tests.crashes.claims import claim_completed, claim_failed
from tests.crashes.scenario_parts import Plain, lost, queued
from tests.crashes.world import ACTOR, World
from ticket_export.application.run.progress import Progress
from ticket_export.errors import LeaseLostError


class CancellingQueued(Plain):
    def prepare(self, world: World) -> tuple[UUID, ...]:
        return (queued(world),)

    def act(self, case: Case) -> object:
        return case.seen.cancel_export()(ACTOR, case.jobs[0])

    def claim_at_once(self, case: Case) -> None:
        if case.is_undisturbed or (case.error is None and not case.process.is_dead):
            claim_failed(case.job, "Cancelled")

    def claim_end(self, case: Case) -> None:
        if case.at_once[case.jobs[0]].is_cancelled:
            claim_failed(case.job, "Cancelled")
        else:
            claim_completed(case.job)


class CancellingLost(CancellingQueued):
    """Running, by a worker that is no more."""

    def prepare(self, world: World) -> tuple[UUID, ...]:
        return (lost(world),)


class CancellingRunning(CancellingQueued):
    """Its worker is alive, and looks up at the next block."""

    tick = timedelta(seconds=1)

    def act(self, case: Case) -> object:
        """The worker is another process, and fine."""
        has_tried = False

        def listen(_progress: Progress) -> None:
            nonlocal has_tried
            if not has_tried:
                has_tried = True
                case.in_process(lambda: case.seen.cancel_export()(ACTOR, case.jobs[0]))

        try:
            return case.world.parts.run_export()(case.jobs[0], on_progress=listen)
        except LeaseLostError:
            assert case.job.is_cancelled
            return None
