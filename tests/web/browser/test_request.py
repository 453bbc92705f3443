"""*New export* sends its form once, and keeps the input whatever the response is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.web.browser.fake_desk import FakeDesk
from tests.web.browser.page_parts import handle, order, submit


@pytest.mark.parametrize(("has_zone", "chosen"), [(False, "Europe/Berlin"), (True, "UTC")])
def test_time_zone_of_the_browser_is_offered(desk: FakeDesk, page: Page, has_zone: bool, chosen: str) -> None:
    desk.has_zone = has_zone
    page.goto(f"{desk.url}/exports/new")
    expect(page.locator("option[value='Europe/Berlin']")).to_have_count(1)
    expect(page.locator("select[name=timeZone]")).to_have_value(chosen)


class TestRequest:
    @pytest.fixture(autouse=True)
    def _open(self, desk: FakeDesk, page: Page) -> None:
        page.goto(f"{desk.url}/exports/new")
        page.get_by_role("button", name="Title down").click()

    def test_form_clicked_twice_is_sent_once(self, desk: FakeDesk, page: Page) -> None:
        desk.may_answer.clear()
        page.get_by_role("button", name="Export", exact=True).dblclick()
        page.keyboard.press("Enter")
        desk.may_answer.set()
        expect(page.locator("[data-te-status]")).to_be_visible()
        assert len(desk.forms) == 1
        expect(page).to_have_url(f"{desk.url}/exports/1")
        expect(page).to_have_title("Exporting 0 % - tickets")
        expect(page.locator("h1")).to_be_focused()

    def test_mistake_is_shown_in_place_with_the_input(self, desk: FakeDesk, page: Page) -> None:
        page.get_by_role("button", name="None").click()
        submit(page)
        expect(page.locator("[data-te-problems]")).to_be_focused()
        expect(handle(page, "id")).to_be_visible()
        assert order(page) == ["id", "status", "title", "created_at"]
        expect(page).to_have_url(f"{desk.url}/exports/new")

    def test_refusal_keeps_the_input(self, desk: FakeDesk, page: Page) -> None:
        desk.refusals["request"] = (429, "Too many exports")
        submit(page)
        expect(page.get_by_role("alert")).to_contain_text("Too many exports")
        assert order(page) == ["id", "status", "title", "created_at"]
        desk.refusals.clear()
        submit(page)
        expect(page.locator("[data-te-status]")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)

    def test_lost_connection_keeps_the_input(self, desk: FakeDesk, page: Page) -> None:
        desk.is_down.set()
        submit(page)
        expect(page.get_by_role("alert")).to_have_text("No answer. Please try again.")
        desk.is_down.clear()
        submit(page)
        expect(page.locator("[data-te-status]")).to_be_visible()
        assert desk.forms[-1].fields["order"] == ["id", "status", "title", "created_at"]

    def test_going_back_does_not_send_the_form_again(self, desk: FakeDesk, page: Page) -> None:
        submit(page)
        expect(page).to_have_url(f"{desk.url}/exports/1")
        page.go_back()
        expect(page).to_have_url("about:blank")
        assert len(desk.forms) == 1

    def test_export_that_is_completed_at_once_is_saved(self, desk: FakeDesk, page: Page) -> None:
        desk.new_exports_begin_as = "completed"
        with page.expect_download() as download:
            submit(page)
        assert download.value.suggested_filename == "tickets.csv"
