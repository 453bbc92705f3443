"""Requests: either no trace of a job and its task, or both, and then the export is made."""

from __future__ import annotations

from uuid import UUID

from tests.crashes.case import Case
from tests.crashes.claims import claim_completed
from tests.crashes.process import Mode
from tests.crashes.scenario_parts import Plain, completed, failed, queued
from tests.crashes.world import ACTOR, World
from ticket_export import ExportJobStatus
from ticket_export.ports import ExportJob


class _Asks(Plain):
    """New jobs are complete in the end; whoever got an answer has got one."""

    new = 1

    def claim_at_once(self, case: Case) -> None:
        jobs = _new(case)
        assert len(jobs) <= self.new
        if case.process.hit is None or (case.error is None and not case.process.is_dead):
            assert len(jobs) == self.new, "the requester has an answer, and no export"
        if case.mode in {Mode.RAISE, Mode.RAISE_UNFORESEEN} and case.error is not None:
            committed = case.process.hit == "UnitOfWork.__exit__"
            assert committed or not jobs or not self.new, "the requester was told that it failed, and it did not"

    def claim_end(self, case: Case) -> None:
        for job in _new(case):
            claim_completed(job)


def _new(case: Case) -> list[ExportJob]:
    return [job for job in case.world.rows().jobs.values() if job.id not in case.jobs]


class Requesting(_Asks):
    def prepare(self, world: World) -> tuple[UUID, ...]:
        return ()

    def act(self, case: Case) -> object:
        return case.seen.request_export()(ACTOR, case.world.view)


class RequestingAgain(_Asks):
    """The same view, while its export is queued."""

    new = 0

    def prepare(self, world: World) -> tuple[UUID, ...]:
        return (queued(world),)

    def act(self, case: Case) -> object:
        return case.seen.request_export()(ACTOR, case.world.view)

    def claim_end(self, case: Case) -> None:
        assert not _new(case)
        claim_completed(case.job)


class Retrying(_Asks):
    def prepare(self, world: World) -> tuple[UUID, ...]:
        return (failed(world),)

    def act(self, case: Case) -> object:
        return case.seen.retry_export()(ACTOR, case.jobs[0])

    def claim_end(self, case: Case) -> None:
        super().claim_end(case)
        assert case.job.status == ExportJobStatus.FAILED


class Downloading(Plain):
    """Looking changes nothing."""

    def prepare(self, world: World) -> tuple[UUID, ...]:
        return (completed(world),)

    def act(self, case: Case) -> object:
        (listed,) = case.seen.list_exports()(ACTOR).items
        assert case.seen.get_export()(ACTOR, case.jobs[0]) == listed
        with case.seen.open_download()(ACTOR, case.jobs[0]).stream as stream:
            assert stream.read() == case.world.right_bytes
        return listed

    def claim_end(self, case: Case) -> None:
        claim_completed(case.job)
