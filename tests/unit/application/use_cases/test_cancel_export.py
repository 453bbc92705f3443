from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NOW, HelpDesk, once, raising
from ticket_export import Actor
from ticket_export.application.run.run_outcome import RunResult
from ticket_export.errors import (
    ExportNotFoundError,
    InvalidTransitionError,
    LeaseLostError,
    NotPermittedError,
    TicketSourceError,
)

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def actor(desk: HelpDesk) -> Actor:
    return desk.user()


@pytest.fixture
def job_id(desk: HelpDesk, actor: Actor) -> UUID:
    job_id = desk.requested(actor).id
    desk.clock.set(LATER)
    return job_id


def claim_cancelled(desk: HelpDesk, job_id: UUID) -> None:
    job, task = desk.job(job_id), desk.task(job_id)
    assert (job.status.developer_name, job.error_message, job.completed_at) == ("failed", "Cancelled", LATER)
    assert (task.status, task.error_message, task.leased_by) == ("error", "Cancelled", None)
    assert (desk.audited(job_id)[-1], desk.announced(job_id)) == ("cancelled", ["failed"])


@pytest.mark.parametrize("running", [False, True])
def test_queued_or_running_export_is_failed_at_once(desk: HelpDesk, actor: Actor, job_id: UUID, running: bool) -> None:
    if running:
        desk.claims.claim(job_id)
    answer = desk.cancel_export(actor, job_id)
    assert (answer.status, answer.error_message) == ("failed", "Cancelled")
    assert answer == desk.get_export(actor, job_id)
    claim_cancelled(desk, job_id)
    assert desk.job(job_id).last_modifier_user_id == actor.user_id


def test_cancelled_export_is_claimed_by_nobody(desk: HelpDesk, actor: Actor, job_id: UUID) -> None:
    desk.cancel_export(actor, job_id)
    assert desk.run_next_export().result is RunResult.NOTHING
    assert desk.audited(job_id) == ["requested", "cancelled"]
    with pytest.raises(InvalidTransitionError):
        desk.run_export(job_id)


def test_cancellation_is_audited_and_announced_after_the_commit(desk: HelpDesk, actor: Actor, job_id: UUID) -> None:
    seen: list[str] = []
    desk.use_own_audit_log()
    for place in ("audit.cancelled", "events.failed"):
        desk.happen[place] = lambda: seen.append(desk.job(job_id).status.developer_name)
    desk.cancel_export(actor, job_id)
    assert seen == ["failed", "failed"]
    entry = desk.audit_log.entries[-1]
    assert (entry.action, entry.job_id, entry.actor_id, entry.at) == ("cancelled", job_id, actor.user_id, LATER)
    ((_, announced),) = desk.events.events
    assert announced.is_cancelled


def test_cancelling_twice_is_the_same_as_once(desk: HelpDesk, actor: Actor, job_id: UUID) -> None:
    first = desk.cancel_export(actor, job_id)
    before = desk.database.committed
    desk.clock.advance(timedelta(minutes=1))
    assert desk.cancel_export(actor, job_id) == first
    assert desk.database.committed == before
    assert desk.audited(job_id) == ["requested", "cancelled"]
    assert desk.announced(job_id) == ["failed"]


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_export_that_has_ended_cannot_be_cancelled(desk: HelpDesk, actor: Actor, job_id: UUID, end: str) -> None:
    if end == "failed":
        desk.happen["source.count"] = raising(TicketSourceError("no"))
    assert desk.run_export(job_id).status == end
    before, objects = desk.database.committed, desk.stored
    with pytest.raises(InvalidTransitionError, match=f"cannot be cancelled: it is {end}"):
        desk.cancel_export(actor, job_id)
    assert (desk.database.committed, desk.stored) == (before, objects)
    assert "cancelled" not in desk.audited(job_id)


def _without(desk: HelpDesk, job_id: UUID) -> None:
    desk.change(attrs.evolve(desk.job(job_id), background_task_id=None))


def _with_an_ended_one(desk: HelpDesk, job_id: UUID) -> None:
    task = attrs.evolve(desk.task(job_id))
    task.fail("The host stopped it.", NOW)
    desk.change(desk.job(job_id), task)


def test_task_of_another_program_is_left_to_it(desk: HelpDesk, actor: Actor, job_id: UUID) -> None:
    foreign = attrs.evolve(desk.task(job_id), name="ExportTickets")
    desk.change(desk.job(job_id), foreign)
    assert desk.cancel_export(actor, job_id).status == "failed"
    assert desk.task(job_id) == foreign


@pytest.mark.parametrize("task", [_without, _with_an_ended_one])
def test_export_that_nobody_would_run_can_be_cancelled(
    desk: HelpDesk, actor: Actor, job_id: UUID, task: Callable[[HelpDesk, UUID], None]
) -> None:
    task(desk, job_id)
    tasks = dict(desk.database.committed.tasks)
    assert desk.cancel_export(actor, job_id).error_message == "Cancelled"
    assert desk.database.committed.tasks == tasks


def test_worker_that_starts_between_look_and_write_is_cancelled_too(desk: HelpDesk, actor: Actor, job_id: UUID) -> None:
    desk.happen["jobs.found"] = once(lambda: desk.claims.claim(job_id))
    desk.cancel_export(actor, job_id)
    assert desk.task(job_id).fencing_token == 1
    claim_cancelled(desk, job_id)


def test_worker_that_completes_between_look_and_write_wins(desk: HelpDesk, actor: Actor, job_id: UUID) -> None:
    desk.happen["jobs.found"] = once(lambda: desk.run_export(job_id))
    with pytest.raises(InvalidTransitionError, match="it is completed"):
        desk.cancel_export(actor, job_id)
    assert len(desk.files) == 1
    assert desk.announced(job_id) == ["completed"]


def test_two_cancellations_at_once_are_one(desk: HelpDesk, actor: Actor, job_id: UUID) -> None:
    desk.happen["jobs.found"] = once(lambda: desk.cancel_export(actor, job_id))
    assert desk.cancel_export(actor, job_id).error_message == "Cancelled"
    claim_cancelled(desk, job_id)
    assert desk.audited(job_id) == ["requested", "cancelled"]


def test_export_that_changes_again_and_again_is_given_up(desk: HelpDesk, actor: Actor, job_id: UUID) -> None:
    desk.happen["work.failed"] = raising(LeaseLostError("another was faster"))
    before = desk.database.committed
    with pytest.raises(LeaseLostError):
        desk.cancel_export(actor, job_id)
    assert desk.database.committed == before
    assert desk.audited(job_id) == ["requested"]
    assert desk.announced(job_id) == []


@pytest.mark.parametrize("place", ["audit.cancelled", "events.failed"])
def test_cancellation_that_cannot_be_told_is_one(
    desk: HelpDesk, actor: Actor, job_id: UUID, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.use_own_audit_log()
    desk.happen[place] = raising(ConnectionError("nobody listens"))
    assert desk.cancel_export(actor, job_id).error_message == "Cancelled"
    assert "nobody listens" in caplog.text
    assert {vars(record)["job_id"] for record in caplog.records} == {str(job_id)}


def test_missing_export_and_a_strangers_cannot_be_cancelled(desk: HelpDesk, job_id: UUID) -> None:
    for wanted in (job_id, uuid4()):
        with pytest.raises(ExportNotFoundError):
            desk.cancel_export(desk.user(), wanted)
    assert desk.job(job_id).status.developer_name == "queued"


def test_who_sees_everybodys_exports_cancels_only_their_own(desk: HelpDesk, job_id: UUID) -> None:
    with pytest.raises(NotPermittedError, match="only by the user who requested it"):
        desk.cancel_export(desk.user(admin=True), job_id)
    assert desk.job(job_id).status.developer_name == "queued"
