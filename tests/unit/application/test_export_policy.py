"""The design's table of rights, cell by cell, as the default policy answers it."""

from __future__ import annotations

from uuid import uuid4

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import COLUMNS, NOW, PERMITTED
from ticket_export import EVERYONE, ONLY_OWN, Actor, ConfigurationError, ExportPolicy, SystemPermissions
from ticket_export.application.rights import Rights
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicketSource
from ticket_export.ports import BackgroundTask, ExportJob, TicketColumns

EVERYTHING_ELSE = SystemPermissions(511)
# (admin, permitted): request, others, download own, download others'
DESIGN = {
    (True, True): (True, EVERYONE, True, True),
    (True, False): (False, ONLY_OWN, False, False),
    (False, True): (True, ONLY_OWN, False, False),
    (False, False): (False, ONLY_OWN, False, False),
}
ROWS = pytest.mark.parametrize(
    ("actor", "cells"),
    [
        pytest.param(
            Actor(
                user_id=uuid4(),
                is_admin=admin,
                permissions=EVERYTHING_ELSE | (PERMITTED if permitted else SystemPermissions.NONE),
            ),
            cells,
            id=f"{'admin' if admin else 'staff'} {'with' if permitted else 'without'}",
        )
        for (admin, permitted), cells in DESIGN.items()
    ],
)


class Source(InMemoryTicketSource):
    """Tickets of which some are hidden from everybody, unless `is_complete`."""

    def __init__(self, *, is_complete: bool) -> None:
        super().__init__(COLUMNS, [])
        self.is_complete = is_complete

    def columns(self, actor: Actor) -> TicketColumns:
        return TicketColumns(COLUMNS, is_complete=self.is_complete)


def rights(policy: ExportPolicy | None = None, *, is_complete: bool = True, download_own: bool = False) -> Rights:
    source = Source(is_complete=is_complete)
    return Rights(policy=policy or ExportPolicy(), ticket_source=source, download_own=download_own)


def job_of(actor: Actor) -> ExportJob:
    return ExportJob.request(
        requester_user_id=actor.user_id,
        snapshot_payload_json="{}",
        background_task=BackgroundTask(name="export", creation_time=NOW),
        now=NOW,
    )


OTHERS = job_of(Actor(user_id=uuid4()))


@ROWS
@pytest.mark.parametrize("is_complete", [True, False])
@pytest.mark.parametrize("download_own", [True, False])
def test_rights_are_those_of_the_table(
    actor: Actor, cells: tuple[object, ...], is_complete: bool, download_own: bool
) -> None:
    may_request, others, own_file, others_file = cells
    assert ExportPolicy().may_request(actor) is may_request
    assert ExportPolicy().visible_requesters(actor) is others
    asked = rights(is_complete=is_complete, download_own=download_own)
    assert (asked.refusal_of_request(actor) is None) is may_request
    assert (asked.refusal_of_download(actor, job_of(actor)) is None) is (own_file or (download_own and may_request))
    # A file of another user may have rows and columns that the actor may not see.
    assert (asked.refusal_of_download(actor, OTHERS) is None) is (others_file and is_complete)


def test_an_actor_has_no_rights_unless_given() -> None:
    actor = Actor(user_id=uuid4())
    assert (actor.is_admin, actor.permissions, actor.may_import_export_tickets) == (False, 0, False)


ADMIN = Actor(user_id=uuid4(), is_admin=True, permissions=PERMITTED)
STAFF = Actor(user_id=uuid4(), permissions=PERMITTED)


def test_a_refusal_says_what_would_be_permitted() -> None:
    nobody = Actor(user_id=uuid4(), is_admin=True)
    assert (
        str(rights().refusal_of_request(nobody)) == 'exporting tickets needs the permission "Import / Export Tickets"'
    )
    assert str(rights().refusal_of_download(STAFF, job_of(STAFF))) == (
        'downloading an export needs an administrator with the permission "Import / Export Tickets"'
    )
    assert str(rights(download_own=True).refusal_of_download(nobody, job_of(nobody))) == (
        'downloading an export needs the permission "Import / Export Tickets"'
    )
    assert str(rights(is_complete=False).refusal_of_download(ADMIN, OTHERS)) == (
        "the file may have tickets or columns that you may not see; request the view yourself instead"
    )


class Delegating(ExportPolicy):
    """Lets everybody try, and then does what the default does."""

    def may_download(self, actor: Actor, job: ExportJob) -> bool:
        return super().may_download(attrs.evolve(actor, permissions=PERMITTED), job)


@pytest.mark.parametrize("is_complete", [True, False])
@pytest.mark.parametrize("download_own", [True, False])
def test_super_knows_the_setting_and_the_tickets_of_the_container_that_asks(
    is_complete: bool, download_own: bool
) -> None:
    policy = Delegating()
    asked = rights(policy, is_complete=is_complete, download_own=download_own)
    for _ in range(2):
        assert (asked.refusal_of_download(STAFF, job_of(STAFF)) is None) is download_own
        assert (asked.refusal_of_download(ADMIN, OTHERS) is None) is is_complete
        # Another container may have the same policy.
        other = rights(policy, is_complete=not is_complete, download_own=not download_own)
        assert (other.refusal_of_download(STAFF, job_of(STAFF)) is None) is not download_own
        assert (other.refusal_of_download(ADMIN, OTHERS) is None) is not is_complete


class OwnConstructor(Delegating):
    def __init__(self) -> None:
        self.asked = "the default was not called"


@attrs.frozen
class Frozen(Delegating):
    team: int = 7


class Slotted(Delegating):
    __slots__ = ("team",)


@pytest.mark.parametrize("policy", [OwnConstructor(), Frozen(), Slotted()])
def test_a_policy_of_any_shape_is_told_and_is_not_changed(policy: ExportPolicy) -> None:
    assert rights(policy).refusal_of_download(ADMIN, OTHERS) is None
    assert rights(policy, is_complete=False).refusal_of_download(ADMIN, OTHERS) is not None
    with pytest.raises(ConfigurationError, match="needs a ticket source"):
        policy.may_download(ADMIN, OTHERS)


def test_a_policy_keeps_the_tickets_and_the_setting_that_it_was_made_with() -> None:
    policy = ExportPolicy(ticket_source=Source(is_complete=False), download_own=True)
    asked = rights(policy, is_complete=True, download_own=False)
    assert asked.refusal_of_download(ADMIN, OTHERS) is not None
    assert asked.refusal_of_download(STAFF, job_of(STAFF)) is None
    assert policy.may_download(STAFF, job_of(STAFF))
    assert not policy.may_download(ADMIN, OTHERS)


def test_a_policy_without_a_container_permits_nothing_that_it_cannot_know() -> None:
    assert not ExportPolicy().may_download(STAFF, job_of(STAFF))
    assert ExportPolicy().may_download(ADMIN, job_of(ADMIN))
    assert not ExportPolicy().may_download(STAFF, OTHERS)
    with pytest.raises(ConfigurationError, match="needs a ticket source"):
        ExportPolicy().may_download(ADMIN, OTHERS)
