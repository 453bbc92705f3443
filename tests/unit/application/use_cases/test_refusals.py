"""A refusal is in the audit log before the user gets it, and reaches the user whatever the log does."""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import UUID, uuid4

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NOW, PERMITTED, VIEW, HelpDesk, raising
from ticket_export import Actor, ExportNotFoundError, NotPermittedError, SystemPermissions
from ticket_export.application.actor_facts import facts_of
from ticket_export.ports import AuditAction, AuditEntry


@attrs.frozen
class Refused:
    """Something that the actor is not permitted to do to `job_id`."""

    what: str
    reason: str
    act: Callable[[HelpDesk, Actor, UUID], object]
    is_own: bool = True
    is_admin: bool = False
    permissions: SystemPermissions = SystemPermissions.NONE
    has_job: bool = True


NO_EXPORT = 'exporting tickets needs the permission "Import / Export Tickets"'
NOT_YOURS = "an export can be retried or cancelled only by the user who requested it"
REFUSED = {
    "request": Refused("request", NO_EXPORT, lambda desk, actor, _: desk.request_export(actor, VIEW), has_job=False),
    "retry": Refused("retry", NO_EXPORT, lambda desk, actor, job_id: desk.retry_export(actor, job_id)),
    "cancellation": Refused("cancellation", NO_EXPORT, lambda desk, actor, job_id: desk.cancel_export(actor, job_id)),
    "download": Refused(
        "download",
        'downloading an export needs an administrator with the permission "Import / Export Tickets"',
        lambda desk, actor, job_id: desk.open_download(actor, job_id),
    ),
    "retry of another user": Refused(
        "retry",
        NOT_YOURS,
        lambda desk, actor, job_id: desk.retry_export(actor, job_id),
        is_own=False,
        is_admin=True,
        permissions=PERMITTED,
    ),
    "cancellation by another user": Refused(
        "cancellation",
        NOT_YOURS,
        lambda desk, actor, job_id: desk.cancel_export(actor, job_id),
        is_own=False,
        is_admin=True,
        permissions=PERMITTED,
    ),
}


@pytest.fixture(params=REFUSED.values(), ids=list(REFUSED))
def refused(request: pytest.FixtureRequest) -> Refused:
    refused: Refused = request.param
    return refused


@pytest.fixture(params=["in the database", "of the host"])
def desk(request: pytest.FixtureRequest) -> HelpDesk:
    desk = HelpDesk()
    if request.param == "of the host":
        desk.use_own_audit_log()
    return desk


def scene(desk: HelpDesk, refused: Refused) -> tuple[Actor, UUID]:
    actor = attrs.evolve(desk.user(), attributes={"team": 7}, is_admin=refused.is_admin)
    job_id = desk.request_export(actor if refused.is_own else desk.user(), VIEW).id
    desk.audit_log.entries.clear()
    return attrs.evolve(actor, permissions=refused.permissions), job_id


def test_a_refusal_is_recorded_with_the_actor_their_rights_and_the_reason(desk: HelpDesk, refused: Refused) -> None:
    actor, job_id = scene(desk, refused)
    before = desk.database.committed
    with pytest.raises(NotPermittedError) as caught:
        refused.act(desk, actor, job_id)
    assert str(caught.value) == refused.reason
    assert desk.database.committed == before
    assert desk.audit_log.entries == [
        AuditEntry(
            action=AuditAction.REFUSED,
            job_id=job_id if refused.has_job else None,
            actor_id=actor.user_id,
            at=NOW,
            view="columns id, title" if refused.has_job else "",
            detail=f"{refused.what}: {refused.reason}",
            actor_facts=facts_of(actor),
        )
    ]


def test_a_refusal_is_recorded_outside_of_every_transaction(desk: HelpDesk, refused: Refused) -> None:
    actor, job_id = scene(desk, refused)
    locked: list[bool] = []
    desk.happen["audit.refused"] = lambda: locked.append(desk.database.write_lock.locked())
    with pytest.raises(NotPermittedError):
        refused.act(desk, actor, job_id)
    assert locked == [False]


def test_a_log_that_fails_neither_hides_the_refusal_nor_permits(
    desk: HelpDesk, refused: Refused, caplog: pytest.LogCaptureFixture
) -> None:
    actor, job_id = scene(desk, refused)
    before = desk.database.committed
    desk.happen["audit.refused"] = raising(OSError("the audit log is gone"))
    with pytest.raises(NotPermittedError) as caught:
        refused.act(desk, actor, job_id)
    assert str(caught.value) == refused.reason
    assert desk.database.committed == before
    assert "the audit log is gone" in caplog.text
    assert f"the refusal of a {refused.what} to user {actor.user_id} is not in the audit log" in caplog.text


def test_an_export_out_of_sight_is_recorded_as_little_as_a_missing_one(desk: HelpDesk) -> None:
    job_id = desk.requested().id
    desk.audit_log.entries.clear()
    for wanted in (job_id, uuid4()):
        for act in (desk.get_export, desk.retry_export, desk.cancel_export, desk.open_download):
            with pytest.raises(ExportNotFoundError):
                act(desk.user(), wanted)
    assert desk.audit_log.entries == []


def test_request_retry_and_download_are_recorded_with_the_rights_of_the_actor(desk: HelpDesk) -> None:
    admin = attrs.evolve(desk.user(admin=True), attributes={"teams": (7, 8)})
    first = desk.requested(admin).id
    assert desk.run_export(first).status == "completed"
    desk.open_download(admin, first)
    desk.retry_export(admin, first)
    recorded = {entry.action: entry.actor_facts for entry in desk.audit_log.entries}
    rights = {"attributes": {"teams": [7, 8]}, "isAdmin": True, "permissions": ["import_export_tickets"]}
    assert {action: json.loads(facts) for action, facts in recorded.items() if facts} == {
        AuditAction.REQUESTED: rights,
        AuditAction.RETRIED: rights,
        AuditAction.DOWNLOADED: rights,
    }
    assert recorded.keys() > {AuditAction.STARTED, AuditAction.COMPLETED}
