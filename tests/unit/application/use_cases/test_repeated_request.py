"""The queue is protected from double clicks and from those who want everything at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NOW, PERMITTED, VIEW, HelpDesk, raising
from ticket_export import RequestedExportDto, SystemPermissions, TooManyExportsError
from ticket_export.application.run.export_task import task_args
from ticket_export.errors import InvalidPayloadError, NotPermittedError, TicketSourceError

SORTED = {"columns": ["id", "title"], "sortField": "title", "sortDirection": "desc"}
SAME: list[Any] = [
    SORTED,
    {"Columns": ["ID", "Title"], "SortField": "TITLE", "SortDirection": "DESCENDING"},
    '{"sort_direction": "desc", "sort_field": "title", "columns": ["Id", "title"], "filters": []}',
]
OTHER: list[Any] = [
    {**SORTED, "columns": ["title", "id"]},
    {**SORTED, "sortDirection": "asc"},
    {**SORTED, "searchTerm": "printer"},
    {**SORTED, "timeZone": "Europe/Zurich"},
]


def running(desk: HelpDesk, job_id: UUID) -> None:
    assert desk.claims.claim(job_id).job.id == job_id


def completed(desk: HelpDesk, job_id: UUID) -> None:
    assert desk.run_export(job_id).status == "completed"


def failed(desk: HelpDesk, job_id: UUID) -> None:
    desk.happen["source.count"] = raising(TicketSourceError("no"))
    assert desk.run_export(job_id).status == "failed"


def cancelled(desk: HelpDesk, job_id: UUID) -> None:
    job = attrs.evolve(desk.job(job_id))
    job.cancel(NOW, by=job.requester_user_id)
    desk.change(job)


@pytest.mark.parametrize("again", SAME, ids=["as before", "PascalCase", "JSON"])
@pytest.mark.parametrize("state", [None, running], ids=["queued", "running"])
def test_same_view_is_answered_with_the_export_that_is_under_way(
    desk: HelpDesk, again: Any, state: Callable[[HelpDesk, UUID], None] | None
) -> None:
    actor = desk.user()
    first = desk.request_export(actor, SORTED)
    if state:
        state(desk, first.id)
    before = desk.database.committed
    desk.clock.advance(timedelta(minutes=1))
    second = desk.request_export(actor, again)
    assert (first.already_requested, second.already_requested) == (False, True)
    assert second == RequestedExportDto.of_request(desk.shown(first.id), already_requested=True)
    assert desk.database.committed == before
    assert desk.audited(first.id) == ["requested"]


@pytest.mark.parametrize("view", OTHER)
def test_view_that_differs_is_an_export_of_its_own(desk: HelpDesk, view: dict[str, object]) -> None:
    actor = desk.user()
    first, second = desk.request_export(actor, SORTED), desk.request_export(actor, view)
    assert second.id != first.id
    assert not second.already_requested
    assert len(desk.database.committed.jobs) == 2


UNREADABLE = {
    "empty": "",
    "begun": "{",
    "list": "[]",
    "null": "null",
    "nested": "[" * 990 + "]" * 990,
    "10 MB": '[{"a":' * 1_700_000,
    "long number": "9" * 5_000,
    "repeated key": '{"a":1,"a":2}',
}


@pytest.mark.parametrize("stored", UNREADABLE.values(), ids=UNREADABLE)
def test_stored_view_that_cannot_be_read_keeps_nobody_from_asking(desk: HelpDesk, stored: str) -> None:
    actor = desk.user()
    first = desk.request_export(actor, VIEW)
    desk.change(attrs.evolve(desk.job(first.id), snapshot_payload_json=stored))
    second = desk.request_export(actor, VIEW)
    assert second.id != first.id
    assert not second.already_requested


def test_same_view_of_somebody_else_is_an_export_of_its_own(desk: HelpDesk) -> None:
    first, second = desk.request_export(desk.user(), VIEW), desk.request_export(desk.user(), VIEW)
    assert second.id != first.id
    assert not second.already_requested


@pytest.mark.parametrize("end", [completed, failed, cancelled])
def test_export_that_has_ended_answers_no_request(desk: HelpDesk, end: Callable[[HelpDesk, UUID], None]) -> None:
    actor = desk.user()
    first = desk.request_export(actor, VIEW)
    end(desk, first.id)
    second = desk.request_export(actor, VIEW)
    assert second.id != first.id
    assert (second.status, second.already_requested) == ("queued", False)


@pytest.mark.parametrize("before_expiry", [True, False])
def test_export_that_has_expired_waiting_answers_no_request(before_expiry: bool) -> None:
    desk = HelpDesk(max_active_jobs=1)
    actor = desk.user()
    first = desk.request_export(actor, VIEW)
    desk.clock.set(first.expires_at - timedelta(microseconds=before_expiry))
    assert desk.request_export(actor, VIEW).already_requested is before_expiry


def test_task_of_a_waiting_export_is_sent_once_more(desk: HelpDesk) -> None:
    actor = desk.user()
    first = desk.request_export(actor, VIEW)
    desk.queue.dispatched.clear()  # the signal was lost
    desk.request_export(actor, VIEW)
    assert [task.id for task in desk.queue.dispatched] == [desk.task(first.id).id]


def test_queue_that_fails_at_the_repetition_changes_no_answer(desk: HelpDesk) -> None:
    actor = desk.user()
    first = desk.request_export(actor, VIEW)
    desk.happen["queue.dispatch"] = raising(ConnectionError("the broker is gone"))
    assert desk.request_export(actor, VIEW).id == first.id


def test_task_of_a_running_export_is_not_sent_again(desk: HelpDesk) -> None:
    actor = desk.user()
    running(desk, desk.request_export(actor, VIEW).id)
    desk.queue.dispatched.clear()
    assert desk.request_export(actor, VIEW).already_requested
    assert desk.queue.dispatched == []


def without_task(desk: HelpDesk, job_id: UUID) -> None:
    desk.change(attrs.evolve(desk.job(job_id), background_task_id=None))


def of_an_older_version(desk: HelpDesk, job_id: UUID) -> None:
    desk.change(desk.job(job_id), attrs.evolve(desk.task(job_id), args=task_args(job_id)))


def with_other_args(desk: HelpDesk, job_id: UUID) -> None:
    desk.change(desk.job(job_id), attrs.evolve(desk.task(job_id), args="[1]"))


@pytest.mark.parametrize("forget", [without_task, of_an_older_version, with_other_args])
def test_export_whose_rights_at_the_request_are_not_known_answers_no_request(
    desk: HelpDesk, forget: Callable[[HelpDesk, UUID], None]
) -> None:
    actor = desk.user()
    first = desk.request_export(actor, VIEW)
    forget(desk, first.id)
    second = desk.request_export(actor, VIEW)
    assert second.id != first.id
    assert desk.request_export(actor, VIEW).id == second.id


RIGHTS: dict[str, Any] = {
    "no attributes": {},
    "admin": {"is_admin": True},
    "another permission": {"permissions": PERMITTED | SystemPermissions.MANAGE_TEAMS},
    "a team": {"attributes": {"team": 7}},
    "a team as text": {"attributes": {"team": "7"}},
    "teams": {"attributes": {"team": (7,)}},
    "more teams": {"attributes": {"team": (7, 8)}},
    "one": {"attributes": {"team": 1}},
    "true": {"attributes": {"team": True}},
    "null": {"attributes": {"team": None}},
    "a UUID": {"attributes": {"team": UUID(int=7)}},
    "a UUID as text": {"attributes": {"team": str(UUID(int=7))}},
    "another name": {"attributes": {"tenant": 7}},
    "two": {"attributes": {"team": 7, "tenant": 7}},
}


def test_same_view_is_the_same_export_only_under_equal_rights(desk: HelpDesk) -> None:
    actor = desk.user()
    asked = {name: attrs.evolve(actor, **rights) for name, rights in RIGHTS.items()}
    exports = {name: desk.request_export(each, VIEW) for name, each in asked.items()}
    assert len({export.id for export in exports.values()}) == len(RIGHTS)
    for name, each in asked.items():
        again = desk.request_export(attrs.evolve(each, attributes=dict(reversed(list(each.attributes.items())))), VIEW)
        assert (again.id, again.already_requested) == (exports[name].id, True)


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_nobody_has_more_active_exports_than_the_limit(limit: int) -> None:
    desk = HelpDesk(max_active_jobs=limit)
    actor = desk.user()
    asked = [desk.requested(actor, number=number).id for number in range(limit)]
    running(desk, asked[0])
    before, dispatched, audited = desk.database.committed, list(desk.queue.dispatched), list(desk.audit_log.entries)
    with pytest.raises(TooManyExportsError) as caught:
        desk.requested(actor, number=limit)
    assert caught.value.limit == limit
    assert (desk.database.committed, desk.queue.dispatched, desk.audit_log.entries) == (before, dispatched, audited)
    # Neither a repeated view nor another user is one too many.
    assert desk.requested(actor, number=0).already_requested
    assert not desk.requested(desk.user(), number=limit).already_requested
    completed(desk, asked.pop()) if limit > 1 else cancelled(desk, asked[0])
    assert not desk.requested(actor, number=limit).already_requested


@pytest.mark.parametrize(
    ("limit", "said"), [(1, "one export is queued or running"), (3, "3 exports are queued or running")]
)
def test_limit_says_what_it_is_and_what_to_do(limit: int, said: str) -> None:
    text = str(TooManyExportsError(limit))
    assert text.startswith(said)
    assert text.endswith("wait until one has ended, or cancel one")


def test_no_limit_is_zero() -> None:
    desk = HelpDesk(max_active_jobs=0)
    actor = desk.user()
    assert len({desk.requested(actor, number=number).id for number in range(30)}) == 30


def test_limit_is_not_told_to_who_may_not_request_or_asks_nonsense() -> None:
    desk = HelpDesk(max_active_jobs=1)
    actor = desk.user()
    desk.requested(actor)
    with pytest.raises(InvalidPayloadError):
        desk.request_export(actor, {"columns": ["nope"]})
    with pytest.raises(NotPermittedError):
        desk.request_export(attrs.evolve(actor, permissions=type(actor.permissions)(0)), {**VIEW, "searchTerm": "x"})


def test_clicks_at_the_same_moment_make_one_export(desk: HelpDesk) -> None:
    actor, clicks = desk.user(), 8
    together = Barrier(clicks, timeout=30)

    def click(_number: int) -> RequestedExportDto:
        together.wait(60)
        return desk.request_export(actor, VIEW)

    with ThreadPoolExecutor(clicks) as users:
        answers = list(users.map(click, range(clicks)))
    (job_id,) = desk.database.committed.jobs
    assert {answer.id for answer in answers} == {job_id}
    assert sorted(answer.already_requested for answer in answers) == [False] + [True] * (clicks - 1)
    assert len(desk.database.committed.tasks) == 1
    assert desk.audited(job_id) == ["requested"]


def test_requests_at_the_same_moment_keep_to_the_limit() -> None:
    desk, requests = HelpDesk(max_active_jobs=3), 8
    actor = desk.user()
    together = Barrier(requests, timeout=30)

    def ask(number: int) -> bool:
        together.wait(60)
        try:
            desk.requested(actor, number=number)
        except TooManyExportsError:
            return False
        return True

    with ThreadPoolExecutor(requests) as users:
        assert sum(users.map(ask, range(requests))) == 3
    assert len(desk.database.committed.jobs) == 3
