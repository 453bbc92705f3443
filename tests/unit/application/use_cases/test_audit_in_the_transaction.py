"""What a transaction makes true is in the audit log with it, where the log can: both happen, or neither does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import HelpDesk, once, raising
from ticket_export import Actor
from ticket_export.errors import JobDatabaseError, TicketsUnavailableError

GONE = JobDatabaseError("the database lacks a table")
RETENTION = timedelta(hours=72)


@attrs.frozen
class Act:
    """Something that is recorded as `action`: what is there before, and what makes it true."""

    action: str
    prepare: Callable[[HelpDesk, Actor], UUID | None]
    act: Callable[[HelpDesk, Actor, UUID | None], object]


def _queued(desk: HelpDesk, actor: Actor) -> UUID:
    return desk.requested(actor).id


def _failed(desk: HelpDesk, actor: Actor) -> UUID:
    job_id = _queued(desk, actor)
    desk.cancel_export(actor, job_id)
    return job_id


def _lost(desk: HelpDesk, actor: Actor) -> UUID:
    desk.max_attempts = 1
    job_id = _queued(desk, actor)
    desk.claims.claim(job_id)
    desk.clock.advance(desk.lease)
    return job_id


def _without_task(desk: HelpDesk, actor: Actor) -> UUID:
    job_id = _queued(desk, actor)
    task = attrs.evolve(desk.task(job_id))
    task.fail("The host stopped it.", desk.clock.now())
    desk.change(desk.job(job_id), task)
    return job_id


def _expired(desk: HelpDesk, actor: Actor) -> UUID:
    job_id = _queued(desk, actor)
    assert desk.run_export(job_id).status == "completed"
    desk.clock.advance(RETENTION)
    return job_id


def _expired_while_queued(desk: HelpDesk, actor: Actor) -> UUID:
    job_id = _queued(desk, actor)
    desk.clock.advance(RETENTION)
    return job_id


def _losing_its_tickets(desk: HelpDesk, actor: Actor) -> UUID:
    desk.max_attempts = 1
    desk.happen["source.count"] = raising(TicketsUnavailableError("away"))
    return _queued(desk, actor)


def _without_permission(desk: HelpDesk, actor: Actor) -> UUID:
    job_id = _queued(desk, actor)
    desk.users.add(desk.database.users[actor.user_id])
    return job_id


ACTS = {
    "request": Act("requested", lambda *_: None, lambda desk, actor, _: desk.requested(actor)),
    "retry": Act("retried", _failed, lambda desk, actor, job_id: desk.retry_export(actor, _of(job_id))),
    "cancellation": Act("cancelled", _queued, lambda desk, actor, job_id: desk.cancel_export(actor, _of(job_id))),
    "completion": Act("completed", _queued, lambda desk, _, job_id: desk.run_export(_of(job_id))),
    "failure": Act("failed", _without_permission, lambda desk, _, job_id: desk.run_export(_of(job_id))),
    "last lost attempt": Act("failed", _losing_its_tickets, lambda desk, _, job_id: desk.run_export(_of(job_id))),
    "recovery of the last attempt": Act("failed", _lost, lambda desk, *_: desk.recover_stalled_exports()),
    "recovery without a task": Act("failed", _without_task, lambda desk, *_: desk.recover_stalled_exports()),
    "clean-up": Act("cleaned_up", _expired, lambda desk, *_: desk.clean_up_expired_exports()),
    "expiry": Act("failed", _expired_while_queued, lambda desk, *_: desk.clean_up_expired_exports()),
}


def _of(job_id: UUID | None) -> UUID:
    assert job_id is not None
    return job_id


@pytest.fixture(params=ACTS.values(), ids=list(ACTS))
def act(request: pytest.FixtureRequest) -> Act:
    act: Act = request.param
    return act


def recorded(desk: HelpDesk, action: str) -> int:
    return [entry.action for entry in desk.audit_log.entries].count(action)  # type: ignore[arg-type]


def test_entry_is_recorded_before_the_commit_and_is_there_with_it(desk: HelpDesk, act: Act) -> None:
    actor = desk.user()
    job_id = act.prepare(desk, actor)
    before = desk.database.committed
    seen: list[bool] = []
    desk.happen[f"audit.{act.action}"] = once(lambda: seen.append(desk.database.committed.jobs == before.jobs))
    act.act(desk, actor, job_id)
    assert len(seen) == 1
    assert seen[0] or act.action in {"completed", "failed"}  # those follow a claim, which is committed
    assert recorded(desk, act.action) == 1


def test_entry_that_cannot_be_recorded_undoes_what_it_tells_of(desk: HelpDesk, act: Act) -> None:
    actor = desk.user()
    job_id = act.prepare(desk, actor)
    desk.events.events.clear()
    desk.queue.dispatched.clear()
    ended = [job.id for job in desk.database.committed.jobs.values() if job.status.is_final]
    desk.happen[f"audit.{act.action}"] = raising(GONE)
    with suppress(JobDatabaseError):
        act.act(desk, actor, job_id)
    assert recorded(desk, act.action) == 0
    assert desk.events.events == []
    assert desk.queue.dispatched == []
    jobs = desk.database.committed.jobs
    assert [job.id for job in jobs.values() if job.status.is_final] == ended
    assert not any(job.is_cleaned_up for job in jobs.values())
    assert set(jobs) == ({job_id} - {None})
    # Once the log is back, it happens, and is recorded, once.
    desk.happen.pop(f"audit.{act.action}")
    desk.clock.advance(desk.lease)
    if act.action in {"completed", "failed"}:
        desk.recover_stalled_exports()
    with suppress(Exception):
        act.act(desk, actor, job_id)
    assert recorded(desk, act.action) == 1


def test_entry_of_a_log_that_no_transaction_knows_follows_the_commit(desk: HelpDesk, act: Act) -> None:
    actor = desk.user()
    job_id = act.prepare(desk, actor)
    desk.use_own_audit_log()
    before = desk.database.committed
    seen: list[bool] = []
    desk.happen[f"audit.{act.action}"] = once(lambda: seen.append(desk.database.committed.jobs == before.jobs))
    act.act(desk, actor, job_id)
    assert seen == [False]
    assert recorded(desk, act.action) == 1


def test_user_whose_request_cannot_be_recorded_is_told_so_and_nothing_is_stored(desk: HelpDesk) -> None:
    desk.happen["audit.requested"] = raising(GONE)
    with pytest.raises(JobDatabaseError) as caught:
        desk.requested()
    assert caught.value is GONE
    assert not desk.database.committed.jobs
    assert not desk.database.committed.tasks


def test_file_of_a_completion_that_cannot_be_recorded_is_removed_and_made_again(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    desk.happen["audit.completed"] = once(raising(GONE))
    with pytest.raises(JobDatabaseError):
        desk.run_export(job_id)
    assert desk.stored == {}
    assert desk.job(job_id).status == "running"
    desk.clock.advance(desk.lease)
    desk.recover_stalled_exports()
    assert desk.run_export(job_id).status == "completed"
    assert desk.audited(job_id) == ["requested", "started", "started", "completed"]
