"""Purging old exports, and forgetting a user."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from tests.crashes.case import Case
from tests.crashes.claims import claim_completed, files_of
from tests.crashes.scenario_parts import RETENTION, Plain, completed, lost, queued_besides
from tests.crashes.world import ACTOR, World

_DAYS = timedelta(days=3)


class Purging(Plain):
    """Two exports were cleaned up long ago, one was not."""

    def prepare(self, world: World) -> tuple[UUID, ...]:
        old = (completed(world), completed(world))
        world.clock.advance(RETENTION)
        assert world.parts.clean_up_expired_exports()().cleaned_up == len(old)
        world.clock.advance(_DAYS)
        return (*old, completed(world))

    def act(self, case: Case) -> object:
        return case.seen.purge_exports()(history=_DAYS)

    def claim_at_once(self, case: Case) -> None:
        if case.is_undisturbed:
            assert case.world.rows().jobs.keys() == {case.jobs[2]}

    def finish(self, case: Case) -> None:
        case.world.parts.purge_exports()(history=_DAYS)

    def claim_end(self, case: Case) -> None:
        (kept,) = case.world.rows().jobs.values()
        assert kept.id == case.jobs[2]
        claim_completed(kept)


class Forgetting(Plain):
    """The user has a completed, a running and a queued export."""

    deletes_files = True

    def prepare(self, world: World) -> tuple[UUID, ...]:
        done = completed(world)
        running = lost(world)
        return (done, running, queued_besides(world))

    def act(self, case: Case) -> object:
        return case.seen.forget_user(audit="anonymise")(ACTOR.user_id)

    def claim_at_once(self, case: Case) -> None:
        if case.is_undisturbed:
            self.claim_end(case)

    def finish(self, case: Case) -> None:
        case.world.parts.forget_user(audit="anonymise")(ACTOR.user_id)

    def claim_end(self, case: Case) -> None:
        rows = case.world.rows()
        assert not rows.jobs
        assert not rows.media_items
        assert not rows.tasks
        for job_id in case.jobs:
            assert not files_of(job_id, case.world.objects())
