"""Who hears of an export's end: the audit log first, then the host, and neither can change it."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import pytest

from tests.unit.application.use_cases.help_desk import NOW, PERMITTED, HelpDesk, raising
from ticket_export import Actor
from ticket_export.errors import LeaseLostError, TicketSourceError

ENDS = pytest.mark.parametrize("end", ["completed", "failed"])


@pytest.fixture
def actor(desk: HelpDesk) -> Actor:
    return desk.user()


@pytest.fixture
def job_id(desk: HelpDesk, actor: Actor) -> UUID:
    return desk.requested(actor).id


def run_to(desk: HelpDesk, job_id: UUID, end: str) -> None:
    def three_seconds_later() -> None:
        desk.clock.advance(timedelta(seconds=3))
        if end == "failed":
            raise TicketSourceError("The tickets could not be read.")

    desk.happen["source.count"] = three_seconds_later
    assert desk.run_export(job_id).status == end


@ENDS
def test_end_is_recorded_with_its_duration(desk: HelpDesk, actor: Actor, job_id: UUID, end: str) -> None:
    desk.clock.advance(timedelta(minutes=5))  # waiting is not running
    run_to(desk, job_id, end)
    requested, started, ended = desk.audit_log.entries
    began = NOW + timedelta(minutes=5)
    assert [entry.action for entry in (requested, started, ended)] == ["requested", "started", end]
    assert [entry.at for entry in (requested, started, ended)] == [NOW, began, began + timedelta(seconds=3)]
    assert (started.duration, ended.duration) == (None, timedelta(seconds=3))
    assert {entry.actor_id for entry in desk.audit_log.entries} == {actor.user_id}
    digests = [f"sha256 {sha256(data).hexdigest()}" for data in desk.files.values()]
    assert [ended.detail] == (digests if end == "completed" else ["The tickets could not be read."])
    assert ended.row_count == (0 if end == "completed" else None)


@ENDS
def test_host_is_told_once_after_the_commit_and_the_audit(desk: HelpDesk, job_id: UUID, end: str) -> None:
    seen: list[tuple[str, list[str]]] = []
    desk.happen[f"events.{end}"] = lambda: seen.append((str(desk.job(job_id).status), desk.audited(job_id)))
    run_to(desk, job_id, end)
    assert seen == [(end, ["requested", "started", end])]
    ((name, job),) = desk.events.events
    assert (name, job.id, job.status.developer_name) == (end, job_id, end)
    assert job.requester is not None
    assert job.requester.id == job.requester_user_id


@ENDS
@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_subscriber_that_raises_harms_nothing(
    desk: HelpDesk, job_id: UUID, end: str, error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    desk.happen[f"events.{end}"] = raising(error("the host's own"))
    run_to(desk, job_id, end)
    assert desk.job(job_id).status.developer_name == end
    assert desk.task(job_id).status == ("complete" if end == "completed" else "error")
    assert desk.audited(job_id) == ["requested", "started", end]
    record = next(each for each in caplog.records if "a subscriber failed" in each.getMessage())
    assert vars(record)["job_id"] == str(job_id)
    assert "the host's own" in caplog.text


@ENDS
def test_host_is_told_though_the_audit_log_is_gone(desk: HelpDesk, job_id: UUID, end: str) -> None:
    desk.use_own_audit_log()
    desk.happen[f"audit.{end}"] = raising(ConnectionError("the audit log is gone"))
    run_to(desk, job_id, end)
    assert desk.announced(job_id) == [end]


@pytest.mark.parametrize("has_own_log", [False, True])
def test_completion_whose_answer_was_lost_is_recorded_and_told_once(
    desk: HelpDesk, job_id: UUID, has_own_log: bool
) -> None:
    if has_own_log:
        desk.use_own_audit_log()
    desk.happen["work.completed.committed"] = raising(ConnectionError("the answer never came"))
    desk.run_export(job_id)
    assert desk.announced(job_id) == ["completed"]
    assert desk.audited(job_id)[-2:] == ["started", "completed"]


def test_nobody_is_told_of_an_attempt_that_lost_its_job(desk: HelpDesk, job_id: UUID) -> None:
    desk.happen["source.count"] = lambda: desk.take_over(job_id)
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    assert desk.announced(job_id) == []
    assert desk.audited(job_id) == ["requested", "started"]


def test_permission_that_was_taken_away_meanwhile_is_audited_and_told(
    desk: HelpDesk, actor: Actor, job_id: UUID
) -> None:
    desk.users.add(desk.database.users[actor.user_id], ~PERMITTED)
    assert desk.run_export(job_id).status == "failed"
    entry = desk.audit_log.entries[-1]
    assert (entry.action, entry.detail) == ("failed", "The requester no longer has the permission to export tickets.")
    assert desk.announced(job_id) == ["failed"]
    assert desk.stored == {}
