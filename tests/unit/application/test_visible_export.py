from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from tests.unit.application.use_cases.help_desk import VIEW, HelpDesk
from ticket_export import Actor, ExportPolicy
from ticket_export.application.export_policy import find_visible_export
from ticket_export.errors import ExportNotFoundError


def find(desk: HelpDesk, actor: Actor, job_id: UUID, policy: ExportPolicy | None = None) -> UUID:
    with desk.unit_of_work() as work:
        return find_visible_export(work, policy or ExportPolicy(), actor, job_id).id


def test_the_requester_and_who_may_see_others_find_it() -> None:
    desk = HelpDesk()
    requester = desk.user()
    job_id = desk.request_export(requester, VIEW).id
    assert find(desk, requester, job_id) == job_id
    assert find(desk, desk.user(admin=True), job_id) == job_id


def test_a_missing_one_and_a_strangers_are_not_found() -> None:
    desk = HelpDesk()
    job_id = desk.request_export(desk.user(), VIEW).id
    for wanted in (job_id, uuid4()):
        with pytest.raises(ExportNotFoundError) as caught:
            find(desk, desk.user(), wanted)
        assert caught.value.job_id == wanted


def test_a_hosts_own_policy_decides() -> None:
    class Open(ExportPolicy):
        def may_see_others(self, actor: Actor) -> bool:
            return True

    desk = HelpDesk()
    job_id = desk.request_export(desk.user(), VIEW).id
    assert find(desk, desk.user(), job_id, Open()) == job_id
