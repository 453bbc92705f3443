from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.application.use_cases.help_desk import VIEW, HelpDesk


def test_exports_are_paged_newest_first(desk: HelpDesk) -> None:
    actor = desk.user()
    asked = []
    for number in range(5):
        asked.append(desk.requested(actor, number=number).id)
        desk.clock.advance(timedelta(seconds=1))
    pages = [desk.list_exports(actor, page=number, page_size=2) for number in (1, 2, 3, 4)]
    assert [[job.id for job in page.items] for page in pages] == [
        [asked[4], asked[3]],
        [asked[2], asked[1]],
        [asked[0]],
        [],
    ]
    assert [(page.page, page.page_size, page.total) for page in pages] == [(number, 2, 5) for number in (1, 2, 3, 4)]


def test_listed_exports_are_as_they_are_shown_alone(desk: HelpDesk) -> None:
    actor = desk.user()
    job_id = desk.request_export(actor, VIEW).id
    desk.run_export(job_id)
    assert desk.list_exports(actor).items == (desk.get_export(actor, job_id),)


@pytest.mark.parametrize(("page", "page_size"), [(0, 50), (-1, 50), (10**9 + 1, 50), (1, 0), (1, 201), (1, -1)])
def test_page_out_of_range_is_refused(desk: HelpDesk, page: int, page_size: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        desk.list_exports(desk.user(), page=page, page_size=page_size)


@pytest.mark.parametrize(("page", "page_size"), [(10**9, 200), (1, 1)])
def test_page_at_the_edge_of_the_range_is_answered(desk: HelpDesk, page: int, page_size: int) -> None:
    assert desk.list_exports(desk.user(), page=page, page_size=page_size).items == ()


def test_list_names_requester_and_view_and_says_of_a_long_view_that_it_is_long(desk: HelpDesk) -> None:
    actor = desk.user()
    short = desk.request_export(actor, VIEW)
    long = desk.request_export(actor, {**VIEW, "searchTerm": "x" * 900, "viewId": "y" * 2_000})
    listed = {each.id: each for each in desk.list_exports(actor).items}
    assert {each.requester_name for each in listed.values()} == {"A B"}
    assert listed[short.id].view == desk.get_export(actor, short.id).view == "columns id, title"
    assert listed[long.id].view == "a view of more than 2,000 characters"
    assert desk.get_export(actor, long.id).view.startswith("columns id, title; search ")
