"""*Status* follows its export, and saves the file when it is completed."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.web.browser.fake_desk import FILE, FakeDesk, running_desk
from tests.web.browser.page_parts import announced, assert_stays, wait_until


class TestStatus:
    def test_completed_export_is_saved_once_by_the_tab_that_watched_it(self, desk: FakeDesk, page: Page) -> None:
        export = desk.create()
        page.goto(desk.url + export.url)
        expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
        export.percent = 42
        expect(page.get_by_text("Exporting 42 %,")).to_be_visible()
        with page.expect_download() as download:
            export.state = "completed"
        assert download.value.suggested_filename == "tickets.csv"
        assert Path(download.value.path()).read_bytes() == FILE
        expect(page.get_by_role("link", name="Download the file")).to_be_visible()
        expect(announced(page)).to_have_text("Export ready.")
        expect(page).to_have_title("Export ready - tickets")
        assert desk.downloads == 1
        assert_stays(page, lambda: len(desk.polls))

    def test_export_that_was_completed_before_is_not_saved(self, desk: FakeDesk, page: Page) -> None:
        export = desk.create("completed")
        page.goto(desk.url + export.url)
        assert_stays(page, lambda: (desk.downloads, len(desk.polls)))
        assert (desk.downloads, len(desk.polls)) == (0, 1)
        with page.expect_download():
            page.get_by_role("link", name="Download the file").click()

    def test_only_one_of_two_tabs_saves_the_file(self, desk: FakeDesk, context: BrowserContext) -> None:
        export = desk.create()
        tabs = [context.new_page(), context.new_page()]
        for tab in tabs:
            tab.goto(desk.url + export.url)
            expect(tab.locator("[data-te-status]")).to_be_visible()
        export.percent = 1
        for tab in tabs:
            expect(tab.get_by_text("Exporting 1 %,")).to_be_visible()
        export.state = "completed"
        for tab in tabs:
            expect(tab.get_by_role("link", name="Download the file")).to_be_visible()
        wait_until(tabs[0], lambda: desk.downloads > 0)
        assert_stays(tabs[0], lambda: desk.downloads)
        assert desk.downloads == 1

    def test_next_tab_saves_the_file_after_the_first_was_closed(self, desk: FakeDesk, context: BrowserContext) -> None:
        export = desk.create()
        first, second = context.new_page(), context.new_page()
        first.goto(desk.url + export.url)
        second.goto(desk.url + export.url)
        expect(second.locator("[data-te-status]")).to_be_visible()
        first.close()
        export.percent = 1
        expect(second.get_by_text("Exporting 1 %,")).to_be_visible()
        polls = len(desk.polls)
        wait_until(second, lambda: len(desk.polls) >= polls + 2)
        with second.expect_download():
            export.state = "completed"

    def test_unchanged_status_is_asked_for_by_its_etag(self, desk: FakeDesk, page: Page) -> None:
        export = desk.create()
        page.goto(desk.url + export.url)
        page.locator("#cancel").focus()
        cancel = page.query_selector("#cancel")
        assert cancel
        wait_until(page, lambda: desk.not_modified >= 2)
        export.percent = 10
        expect(page.get_by_text("Exporting 10 %,")).to_be_visible()
        expect(page.locator("#cancel")).to_be_focused()
        # The element itself stayed, so a click that began before is not lost.
        assert cancel.evaluate("each => each.isConnected")

    def test_polling_waits_as_long_as_the_server_says(self, desk: FakeDesk, page: Page) -> None:
        export = desk.create()
        export.retry_after = "2"
        page.goto(desk.url + export.url)
        wait_until(page, lambda: len(desk.polls) >= 3)
        assert desk.polls[2] - desk.polls[1] > 1.9

    def test_hidden_tab_polls_slower(self, desk: FakeDesk, page: Page) -> None:
        page.add_init_script("Object.defineProperty(Document.prototype, 'hidden', { get: () => true })")
        page.goto(desk.url + desk.create().url)
        wait_until(page, lambda: len(desk.polls) >= 3)
        assert min(desk.polls[1] - desk.polls[0], desk.polls[2] - desk.polls[1]) > 0.55

    def test_state_after_a_click_is_not_shown_before_the_next_click_counts(self, desk: FakeDesk, page: Page) -> None:
        export = desk.create()
        page.goto(desk.url + export.url)
        expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/cancel", hold)
        page.locator("#cancel").click()
        wait_until(page, lambda: len(held) == 1)
        export.state = "cancelled"
        assert_stays(page, lambda: page.locator("#cancel").count())
        held[0].continue_()
        page.locator("#retry").click()
        expect(page).to_have_url(f"{desk.url}/exports/2")

    def test_cancelled_in_place_and_retried_as_a_new_export(self, desk: FakeDesk, page: Page) -> None:
        export = desk.create()
        page.goto(desk.url + export.url)
        page.locator("#cancel").dblclick()
        expect(page.get_by_text("Export cancelled,")).to_be_visible()
        expect(page.locator("[data-te-status]")).to_be_focused()
        page.locator("#retry").click()
        expect(page).to_have_url(f"{desk.url}/exports/2")
        expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
        assert [(each.path, each.fields) for each in desk.forms] == [
            ("/exports/1/cancel", {"csrf": ["token-7"]}),
            ("/exports/1/retry", {"csrf": ["token-7"]}),
        ]
        with page.expect_download():
            desk.exports[1].state = "completed"

    def test_lost_connection_is_told_and_watching_goes_on(self, desk: FakeDesk, page: Page) -> None:
        export = desk.create()
        page.goto(desk.url + export.url)
        desk.is_down.set()
        expect(page.get_by_role("alert")).to_have_text("Not updated; trying again.")
        desk.is_down.clear()
        expect(page.get_by_role("alert")).to_have_count(0)
        with page.expect_download():
            export.state = "completed"

    @pytest.mark.parametrize("status", [401, 403, 404])
    def test_lost_session_or_export_is_shown_in_place(self, desk: FakeDesk, page: Page, status: int) -> None:
        page.goto(desk.url + desk.create().url)
        expect(page.locator("[data-te-status]")).to_be_visible()
        desk.refusals["status"] = (status, "You may not see this")
        expect(page.get_by_role("heading", name="You may not see this")).to_be_visible()
        expect(page.locator("[data-te-status]")).to_have_count(0)
        assert_stays(page, lambda: len(desk.polls))

    def test_refused_download_stays_on_the_page(self, desk: FakeDesk, page: Page) -> None:
        export = desk.create()
        desk.file_status = 410
        page.goto(desk.url + export.url)
        export.state = "completed"
        expect(page.get_by_role("link", name="Download the file")).to_be_visible()
        wait_until(page, lambda: desk.downloads == 1)
        page.get_by_role("link", name="Download the file").click()
        wait_until(page, lambda: desk.downloads == 2)
        assert_stays(page, lambda: page.url)
        expect(page).to_have_url(desk.url + export.url)
        expect(page.get_by_role("link", name="Download the file")).to_be_visible()

    def test_file_at_a_signed_link_of_another_origin_is_saved(self, desk: FakeDesk, page: Page) -> None:
        with running_desk() as store:
            desk.signed_link = f"{store.url}/signed"
            export = desk.create()
            page.goto(desk.url + export.url)
            with page.expect_download() as download:
                export.state = "completed"
            assert download.value.suggested_filename == "tickets.csv"
            assert Path(download.value.path()).read_bytes() == FILE
            expect(page).to_have_url(desk.url + export.url)

    def test_user_without_the_right_to_download_is_told(self, desk: FakeDesk, page: Page) -> None:
        export = desk.create()
        export.may_download = False
        page.goto(desk.url + export.url)
        export.state = "completed"
        expect(page.get_by_text("An administrator can download it.")).to_be_visible()
        assert desk.downloads == 0

    def test_times_are_shown_in_the_zone_of_the_reader(self, desk: FakeDesk, page: Page) -> None:
        page.goto(desk.url + desk.create("failed").url)
        time = page.locator("time")
        expect(time).to_have_text("29 Nov 2026, 13:00")
        expect(time).to_have_attribute("title", "29 Nov 2026, 12:00 UTC")
