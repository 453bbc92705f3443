from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import COLUMNS, NOW, VIEW, HelpDesk, raising
from ticket_export import Actor, TooManyExportsError
from ticket_export.errors import ExportNotFoundError, InvalidPayloadError, NotPermittedError, TicketSourceError
from ticket_export.ports import TicketColumns

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def actor(desk: HelpDesk) -> Actor:
    return desk.user()


@pytest.fixture
def failed(desk: HelpDesk, actor: Actor) -> UUID:
    """An export that failed an hour ago."""
    job_id = desk.request_export(actor, {**VIEW, "sortField": "title"}).id
    desk.happen["source.count"] = raising(TicketSourceError("no"))
    desk.run_export(job_id)
    del desk.happen["source.count"]
    desk.queue.dispatched.clear()
    desk.audit_log.entries.clear()
    desk.events.events.clear()
    desk.clock.set(LATER)
    return job_id


def test_retry_is_a_new_export_of_the_same_view(desk: HelpDesk, actor: Actor, failed: UUID) -> None:
    before = attrs.evolve(desk.job(failed))
    answer = desk.retry_export(actor, failed)
    job = desk.job(answer.id)
    assert answer.id != failed
    assert (answer.status, answer.already_requested) == ("queued", False)
    assert job.snapshot_payload_json == before.snapshot_payload_json
    assert (job.requester_user_id, job.requested_at, job.expires_at) == (
        actor.user_id,
        LATER,
        LATER + desk.retention,
    )
    assert [task.id for task in desk.queue.dispatched] == [job.background_task_id]
    assert desk.run_export(answer.id).status == "completed"
    assert desk.job(failed) == before


def test_retry_is_audited_as_one_and_says_of_which(desk: HelpDesk, actor: Actor, failed: UUID) -> None:
    answer = desk.retry_export(actor, failed)
    (entry,) = desk.audit_log.entries
    assert (entry.action, entry.job_id, entry.actor_id, entry.at) == ("retried", answer.id, actor.user_id, LATER)
    assert (entry.detail, entry.view) == (f"of export {failed}", "columns id, title; sort title asc")
    assert desk.announced(failed) == []


def test_completed_and_cleaned_up_exports_can_be_retried(desk: HelpDesk, actor: Actor) -> None:
    completed = desk.requested(actor).id
    desk.run_export(completed)
    assert not desk.retry_export(actor, completed).already_requested
    desk.clock.advance(desk.retention)
    desk.clean_up_expired_exports()
    assert desk.job(completed).is_cleaned_up
    assert not desk.retry_export(actor, completed).already_requested


@pytest.mark.parametrize("running", [False, True])
def test_export_under_way_is_answered_with_itself(desk: HelpDesk, actor: Actor, running: bool) -> None:
    job_id = desk.requested(actor).id
    if running:
        desk.claims.claim(job_id)
    before = desk.database.committed
    answer = desk.retry_export(actor, job_id)
    assert (answer.id, answer.already_requested) == (job_id, True)
    assert desk.database.committed == before
    assert desk.audited(job_id) == ["requested"]


def test_retrying_twice_makes_one_export(desk: HelpDesk, actor: Actor, failed: UUID) -> None:
    first, second = desk.retry_export(actor, failed), desk.retry_export(actor, failed)
    assert (second.id, second.already_requested) == (first.id, True)


def test_view_that_no_longer_fits_names_the_column(desk: HelpDesk, actor: Actor, failed: UUID) -> None:
    desk.columns = TicketColumns(column for column in COLUMNS if column.name != "title")
    before = desk.database.committed
    with pytest.raises(InvalidPayloadError, match="unknown column 'title'"):
        desk.retry_export(actor, failed)
    assert desk.database.committed == before
    assert desk.audit_log.entries == []


def test_retry_counts_as_any_request(desk: HelpDesk, actor: Actor, failed: UUID) -> None:
    desk.max_active_jobs = 1
    desk.requested(actor, number=1)
    with pytest.raises(TooManyExportsError):
        desk.retry_export(actor, failed)


def test_missing_export_and_a_strangers_cannot_be_retried(desk: HelpDesk, failed: UUID) -> None:
    for job_id in (failed, uuid4()):
        with pytest.raises(ExportNotFoundError):
            desk.retry_export(desk.user(), job_id)


def test_who_sees_everybodys_exports_retries_only_their_own(desk: HelpDesk, failed: UUID) -> None:
    before = desk.database.committed
    with pytest.raises(NotPermittedError, match="only by the user who requested it"):
        desk.retry_export(desk.user(admin=True), failed)
    assert desk.database.committed == before
