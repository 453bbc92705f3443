"""The design's table of rights, cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from ticket_export.application.actor import Actor
from ticket_export.application.export_policy import ExportPolicy
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.system_permissions import SystemPermissions
from ticket_export.errors import ExportNotFoundError, NotPermittedError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
EVERYTHING_ELSE = SystemPermissions(511)
# (admin, permitted): request, see own, see others', download
DESIGN = {
    (True, True): (True, True, True, True),
    (True, False): (False, True, False, False),
    (False, True): (True, True, False, False),
    (False, False): (False, True, False, False),
}
ROWS = pytest.mark.parametrize(
    ("actor", "request_", "own", "others", "download"),
    [
        pytest.param(
            Actor(
                user_id=uuid4(),
                is_admin=admin,
                permissions=EVERYTHING_ELSE | (SystemPermissions.IMPORT_EXPORT_TICKETS if permitted else 0),
            ),
            *cells,
            id=f"{'admin' if admin else 'staff'} {'with' if permitted else 'without'}",
        )
        for (admin, permitted), cells in DESIGN.items()
    ],
)


def job_of(actor: Actor) -> ExportJob:
    return ExportJob.request(
        requester_user_id=actor.user_id,
        snapshot_payload_json="{}",
        background_task=BackgroundTask(name="export", creation_time=NOW),
        now=NOW,
    )


@ROWS
def test_rights_are_those_of_the_table(actor: Actor, request_: bool, own: bool, others: bool, download: bool) -> None:
    policy = ExportPolicy()
    assert policy.may_request(actor) is request_
    assert policy.may_see_others(actor) is others
    assert policy.may_download(actor) is download


@ROWS
def test_what_is_not_allowed_raises(actor: Actor, request_: bool, own: bool, others: bool, download: bool) -> None:
    policy = ExportPolicy()
    strangers = job_of(Actor(user_id=uuid4()))
    assert allows(lambda: policy.require_request(actor), NotPermittedError) is request_
    assert allows(lambda: policy.require_download(actor), NotPermittedError) is download
    assert allows(lambda: policy.require_sight(actor, job_of(actor)), ExportNotFoundError) is own
    assert allows(lambda: policy.require_sight(actor, strangers), ExportNotFoundError) is others
    assert allows(lambda: policy.require_change(actor, job_of(actor)), NotPermittedError) is request_
    assert not allows(lambda: policy.require_change(actor, strangers), NotPermittedError)


def allows(ask: Callable[[], None], refusal: type[Exception]) -> bool:
    try:
        ask()
    except refusal:
        return False
    return True


def test_an_actor_has_no_rights_unless_given() -> None:
    actor = Actor(user_id=uuid4())
    assert (actor.is_admin, actor.permissions, actor.may_import_export_tickets) == (False, 0, False)


def test_somebody_elses_job_looks_like_a_missing_one() -> None:
    job = job_of(Actor(user_id=uuid4()))
    with pytest.raises(ExportNotFoundError) as caught:
        ExportPolicy().require_sight(Actor(user_id=uuid4()), job)
    assert str(caught.value) == str(ExportNotFoundError(job.id))


def test_a_refusal_names_the_permission_that_is_missing() -> None:
    actor = Actor(user_id=uuid4(), is_admin=True)
    with pytest.raises(NotPermittedError, match="Import / Export Tickets"):
        ExportPolicy().require_request(actor)
    with pytest.raises(NotPermittedError, match='administrator with the permission "Import / Export Tickets"'):
        ExportPolicy().require_download(actor)
