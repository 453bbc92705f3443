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


def test_a_policy_may_hold_the_default_instead_of_inheriting_it() -> None:
    class Holding(ExportPolicy):
        def __init__(self) -> None:
            self.default = ExportPolicy()

        def may_download(self, actor: Actor, job: ExportJob) -> bool:
            return self.default.may_download(actor, job)

    assert rights(Holding()).refusal_of_download(ADMIN, OTHERS) is None
    assert rights(Holding(), is_complete=False).refusal_of_download(ADMIN, OTHERS) is not None


@pytest.mark.parametrize(("actor", "job"), [(ADMIN, OTHERS), (STAFF, job_of(STAFF))])
def test_a_policy_that_no_container_asks_permits_nothing_that_it_cannot_know(actor: Actor, job: ExportJob) -> None:
    with pytest.raises(ConfigurationError, match=r"container\.policy"):
        ExportPolicy().may_download(actor, job)
