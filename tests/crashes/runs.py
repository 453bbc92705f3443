"""Runs: the right bytes once, or a failed job and nothing to read."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from time import monotonic, sleep
from uuid import UUID

from tests.crashes.case import Case
from tests.crashes.claims import claim_completed, claim_failed
from tests.crashes.process import INJECTED
from tests.crashes.scenario_parts import Plain, losing, queued
from tests.crashes.ticket_sources import AWAY
from tests.crashes.world import World
from ticket_export import ExportJobStatus
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.errors import LeaseLostError, TicketsUnavailableError

_UNEXPECTED = "The export failed unexpectedly."
# Seconds that the heartbeat's thread has for a few steps in memory.
_PATIENCE = 60.0


class Running(Plain):
    """An error ends the export; death does not, since somebody else begins anew."""

    def prepare(self, world: World) -> tuple[UUID, ...]:
        return (queued(world),)

    def act(self, case: Case) -> object:
        return case.seen.run_export()(case.jobs[0])

    def claim_at_once(self, case: Case) -> None:
        if case.is_undisturbed:
            assert case.job.status == ExportJobStatus.COMPLETED

    def claim_end(self, case: Case) -> None:
        if case.process.is_dead or case.job.status == ExportJobStatus.COMPLETED:
            claim_completed(case.job)
        else:
            claim_failed(case.job, _UNEXPECTED, INJECTED)


class RunningWithProgress(Running):
    """Every block is a heartbeat."""

    tick = timedelta(seconds=1)


class _Failing(Running):
    message = ""

    def claim_at_once(self, case: Case) -> None:
        if case.is_undisturbed:
            claim_failed(case.job, self.message)

    def claim_end(self, case: Case) -> None:
        also = () if case.process.is_dead else (_UNEXPECTED, INJECTED)
        claim_failed(case.job, self.message, *also)


class RunningWithoutPermission(_Failing):
    message = "no longer has the permission"

    def prepare(self, world: World) -> tuple[UUID, ...]:
        jobs = super().prepare(world)
        world.take_the_permission_away()
        return jobs


class RunningAndMiscounting(_Failing):
    message = "5 rows were written but 6 were counted"
    miscounts = True


class RunningAndLosingTickets(Running):
    """The attempt is lost, and the job back in the queue."""

    loses_tickets = True

    def act(self, case: Case) -> object:
        with suppress(TicketsUnavailableError):  # as it should be
            super().act(case)
        return None

    def claim_at_once(self, case: Case) -> None:
        if case.is_undisturbed:
            assert case.job.status == ExportJobStatus.QUEUED
            (task,) = case.world.rows().tasks.values()
            assert task.number_of_retries == 1


class RunningAndLosingTicketsAtLast(_Failing):
    """No attempt is left."""

    message = f"attempts that were lost: 3. {AWAY}"
    loses_tickets = True

    def prepare(self, world: World) -> tuple[UUID, ...]:
        return (losing(world, world.parts.settings().max_attempts - 1),)

    def claim_end(self, case: Case) -> None:
        if case.at_once[case.jobs[0]].status == ExportJobStatus.QUEUED:
            # Not even the claim was stored.
            claim_completed(case.job)
            return
        # Somebody else gives it up, if this process could not.
        also = () if case.process.is_dead else (_UNEXPECTED, INJECTED)
        claim_failed(case.job, self.message, "attempts that ended without a heartbeat: 3", *also)


class RunningAndStopped(Running):
    """The worker is told to stop in the middle, and hands the job back."""

    counts_heartbeat = True

    def act(self, case: Case) -> object:
        stop = StopSignal()

        def wait_for_the_interrupt() -> None:
            stop.give()
            deadline = monotonic() + _PATIENCE
            while "SupportsInterrupt.interrupt" not in case.process.calls and not case.process.is_dead:
                assert monotonic() < deadline, "the heartbeat did not notice"
                sleep(0.001)

        case.process.hooks["TicketReader.count"] = wait_for_the_interrupt
        with suppress(LeaseLostError):  # as it should be
            case.seen.run_export()(case.jobs[0], stop=stop)
        return None

    def claim_at_once(self, case: Case) -> None:
        if case.is_undisturbed:
            assert case.job.status == ExportJobStatus.QUEUED

    def claim_end(self, case: Case) -> None:
        super().claim_end(case)
        if case.is_undisturbed:
            rows = case.world.rows()
            assert [task.number_of_retries for task in rows.tasks.values()] == [0], "an attempt was lost"
