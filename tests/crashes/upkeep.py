"""Recovery, clean-up, sweep, and a worker that does all of it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import attrs

from tests.crashes.case import Case, sweep_stale
from tests.crashes.claims import claim_completed, claim_failed, files_of
from tests.crashes.scenario_parts import (
    RETENTION,
    Plain,
    completed,
    losing,
    lost,
    orphaned,
    put,
    queued,
    queued_besides,
)
from tests.crashes.world import World
from ticket_export import ExportJobStatus
from ticket_export.application.file.export_file import owner_key
from ticket_export.application.use_cases.housekeep import LOST_AFTER, Chore
from ticket_export.infrastructure.tasks.housekeeping import Housekeeping, KeptChore
from ticket_export.infrastructure.tasks.silent_task_queue import SilentTaskQueue

_FOREIGN = "manuals/printer.txt"


class Recovering(Plain):
    def prepare(self, world: World) -> tuple[UUID, ...]:
        job_id = lost(world)
        world.clock.advance(world.parts.settings().lease)
        return (job_id,)

    def act(self, case: Case) -> object:
        return case.seen.recover_stalled_exports()()

    def claim_at_once(self, case: Case) -> None:
        if case.is_undisturbed:
            assert case.job.status == ExportJobStatus.QUEUED

    def claim_end(self, case: Case) -> None:
        claim_completed(case.job)
        (task,) = case.world.rows().tasks.values()
        assert task.number_of_retries == 1


class _GivingUp(Plain):
    message = ""

    def act(self, case: Case) -> object:
        return case.seen.recover_stalled_exports()()

    def claim_at_once(self, case: Case) -> None:
        if case.is_undisturbed:
            claim_failed(case.job, self.message)

    def claim_end(self, case: Case) -> None:
        claim_failed(case.job, self.message)


class RecoveringTheLastAttempt(_GivingUp):
    message = "attempts that ended without a heartbeat: 3"

    def prepare(self, world: World) -> tuple[UUID, ...]:
        settings = world.parts.settings()
        job_id = losing(world, settings.max_attempts - 1)
        world.parts.claims().claim(job_id)
        world.clock.advance(settings.lease)
        return (job_id,)


class RecoveringWithoutTask(_GivingUp):
    """The task ended, and its job knows nothing of it."""

    message = "its background task ended without it"
    begins_in_order = False

    def prepare(self, world: World) -> tuple[UUID, ...]:
        job_id = queued(world)
        with world.parts.unit_of_work() as work:
            job = work.jobs.find(job_id)
            assert job is not None
            assert job.background_task is not None
            job.background_task.fail("by the host", world.clock.now())
            work.tasks.update(job.background_task, fencing_token=0)
            work.commit()
        return (job_id,)


class CleaningUp(Plain):
    """One export has expired, one has not."""

    def prepare(self, world: World) -> tuple[UUID, ...]:
        expired = completed(world)
        world.clock.advance(RETENTION)
        return (expired, completed(world))

    def act(self, case: Case) -> object:
        return case.seen.clean_up_expired_exports()()

    def claim_at_once(self, case: Case) -> None:
        if case.is_undisturbed:
            assert case.job.is_cleaned_up

    def claim_end(self, case: Case) -> None:
        assert case.job.status == ExportJobStatus.COMPLETED
        assert case.job.is_cleaned_up
        assert case.job.media_item_id is None
        assert not files_of(case.jobs[0], case.world.objects())
        kept = case.world.rows().jobs[case.jobs[1]]
        claim_completed(kept)
        assert not kept.is_cleaned_up


class CleaningUpRunning(CleaningUp):
    """The export expired with its worker gone."""

    def prepare(self, world: World) -> tuple[UUID, ...]:
        expired = lost(world)
        world.clock.advance(RETENTION)
        return (expired, completed(world))

    def claim_end(self, case: Case) -> None:
        # A worker that comes before the clean-up makes the file, for nobody.
        if case.is_undisturbed or case.at_once[case.jobs[0]].status.is_final:
            claim_failed(case.job, "expired before it was finished")
        assert case.job.is_cleaned_up
        claim_completed(case.world.rows().jobs[case.jobs[1]])


class Sweeping(Plain):
    """Among a completed export, a foreign object, and what a killed writer has begun."""

    def prepare(self, world: World) -> tuple[UUID, ...]:
        orphan = orphaned(world)
        put(world, _FOREIGN)
        world.begin_an_object()
        return (orphan, completed(world))

    def act(self, case: Case) -> object:
        return case.seen.sweep_orphaned_objects()()

    def claim_at_once(self, case: Case) -> None:
        if case.is_undisturbed:
            assert not files_of(case.jobs[0], case.world.objects())

    def claim_end(self, case: Case) -> None:
        claim_completed(case.world.rows().jobs[case.jobs[1]])
        assert _FOREIGN in case.world.objects()


class TakingOver(Sweeping):
    """Another copy of the database owns the storage."""

    def prepare(self, world: World) -> tuple[UUID, ...]:
        jobs = super().prepare(world)
        storage, ownership = world.parts.storage(), world.parts.storage_ownership()
        owner = ownership.owner(storage)
        assert owner is not None
        other = owner.model_copy(update={"copy_name": "another"})
        put(world, owner_key(owner.database), other.model_dump_json().encode())
        return jobs

    def act(self, case: Case) -> object:
        return case.seen.take_over_storage()()

    def claim_at_once(self, case: Case) -> None:
        if case.is_undisturbed:
            assert case.world.parts.storage_ownership().refusal(case.world.parts.storage()) is None

    def finish(self, case: Case) -> None:
        case.world.parts.take_over_storage()()
        sweep_stale(case.world)


class DispatchingAgain(Plain):
    """The queue has lost the hint of an export."""

    def prepare(self, world: World) -> tuple[UUID, ...]:
        job_id = queued(world)
        world.clock.advance(2 * LOST_AFTER)
        return (job_id,)

    def act(self, case: Case) -> object:
        # Of a queue whose workers do not look for tasks themselves.
        return attrs.evolve(case.seen.housekeep(), task_queue=SilentTaskQueue())(only={Chore.DISPATCH})

    def claim_at_once(self, case: Case) -> None:
        assert case.job.status == ExportJobStatus.QUEUED

    def claim_end(self, case: Case) -> None:
        claim_completed(case.job)


class _NoKeeper(Housekeeping):
    # It would do the same as the worker's own thread, at moments that nobody can foretell.
    @property
    def chores(self) -> Sequence[KeptChore]:
        return ()


class Draining(Plain):
    """A worker finds one of everything, and does all of it: in this order, to be enumerable."""

    def prepare(self, world: World) -> tuple[UUID, ...]:
        expired = completed(world)
        world.clock.advance(RETENTION)
        orphan = orphaned(world)
        stalled = lost(world)
        world.clock.advance(world.parts.settings().lease)
        return (expired, orphan, stalled, queued_besides(world))

    def act(self, case: Case) -> object:
        housekeeping = _NoKeeper(housekeep=case.seen.housekeep())
        case.seen.worker(housekeeping=housekeeping).drain()
        return None

    def claim_end(self, case: Case) -> None:
        jobs = case.world.rows().jobs
        expired, orphan, stalled, waiting = (jobs[job_id] for job_id in case.jobs)
        assert expired.is_cleaned_up
        assert orphan.status == ExportJobStatus.FAILED
        for job in (stalled, waiting):
            if case.process.is_dead or case.is_undisturbed:
                claim_completed(job)
