"""ticket-export.js in a browser, on a fake desk: the column list, the status page and its downloads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.web.browser.browsers import LIMIT_MS, watched_context
from tests.web.browser.fake_desk import FILE, FakeDesk, running_desk

expect.set_options(timeout=LIMIT_MS)


@pytest.fixture
def desk() -> Iterator[FakeDesk]:
    with running_desk() as desk:
        yield desk


def order(page: Page) -> list[str]:
    return page.locator("input[name=order]").evaluate_all("all => all.map(each => each.value)")  # type: ignore[no-any-return]


def handle(page: Page, name: str) -> Locator:
    return page.locator(f"[data-te-column={name}] [data-te-drag]")


def announced(page: Page) -> Locator:
    return page.locator("[data-te-announce]")


def submit(page: Page) -> None:
    page.get_by_role("button", name="Export", exact=True).click()


class TestColumns:
    @pytest.fixture(autouse=True)
    def _open(self, desk: FakeDesk, page: Page) -> None:
        page.goto(f"{desk.url}/exports/new")
        expect(handle(page, "id")).to_be_visible()

    def test_column_dragged_by_the_mouse_is_sent_at_its_new_place(self, desk: FakeDesk, page: Page) -> None:
        _drag(page, "id", "status")
        assert order(page) == ["title", "status", "id", "created_at"]
        expect(announced(page)).to_have_text("Number: place 3 of 4")
        submit(page)
        expect(page.locator("[data-te-status]")).to_be_visible()
        assert desk.forms[0].fields["columns"] == ["title", "status", "id", "created_at"]
        assert desk.forms[0].fields["csrf"] == ["token-7"]
        assert desk.forms[0].accept == "text/html"

    def test_escape_while_dragging_puts_the_column_back(self, page: Page) -> None:
        _drag(page, "created_at", "id", drop=False)
        assert order(page)[0] == "created_at"
        page.keyboard.press("Escape")
        assert order(page) == ["id", "title", "status", "created_at"]
        page.mouse.up()
        assert order(page) == ["id", "title", "status", "created_at"]
        expect(announced(page)).to_have_text("Created back at 4")
        expect(page.locator("[data-te-moving]")).to_have_count(0)

    def test_alt_and_arrow_keys_move_the_focused_column(self, page: Page) -> None:
        handle(page, "title").focus()
        page.keyboard.press("Alt+ArrowDown")
        assert order(page) == ["id", "status", "title", "created_at"]
        expect(handle(page, "title")).to_be_focused()
        expect(announced(page)).to_have_text("Title: place 3 of 4")
        for _ in range(5):
            page.keyboard.press("Alt+ArrowUp")
        assert order(page) == ["title", "id", "status", "created_at"]
        expect(announced(page)).to_have_text("Title: place 1 of 4")

    @pytest.mark.parametrize("key", ["Space", "Enter"])
    def test_grabbed_column_follows_the_arrow_keys_until_dropped(self, page: Page, key: str) -> None:
        handle(page, "id").focus()
        page.keyboard.press(key)
        expect(announced(page)).to_have_text("Number grabbed")
        expect(handle(page, "id")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press(key)
        expect(announced(page)).to_have_text("Number dropped at 3")
        page.keyboard.press("ArrowDown")
        assert order(page) == ["title", "status", "id", "created_at"]
        expect(handle(page, "id")).to_be_focused()

    def test_escape_puts_a_grabbed_column_back(self, page: Page) -> None:
        handle(page, "id").focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Escape")
        assert order(page) == ["id", "title", "status", "created_at"]
        expect(announced(page)).to_have_text("Number back at 1")
        expect(handle(page, "id")).to_be_focused()

    def test_leaving_a_grabbed_column_drops_it(self, page: Page) -> None:
        handle(page, "id").focus()
        page.keyboard.press("Space")
        page.locator("select").focus()
        expect(page.locator("[data-te-moving]")).to_have_count(0)

    def test_buttons_move_a_column_in_place_and_keep_the_focus(self, desk: FakeDesk, page: Page) -> None:
        button = page.get_by_role("button", name="Title down")
        button.click()
        button.press("Enter")
        assert order(page) == ["id", "status", "created_at", "title"]
        expect(button).to_be_focused()
        expect(announced(page)).to_have_text("Title: place 4 of 4")
        page.get_by_role("button", name="Status up").click()
        assert order(page) == ["status", "id", "created_at", "title"]
        assert desk.forms == []

    def test_all_columns_are_chosen_or_none(self, page: Page) -> None:
        page.get_by_role("button", name="None").click()
        expect(page.locator("input[name=columns]:checked")).to_have_count(0)
        page.get_by_role("button", name="All").click()
        expect(page.locator("input[name=columns]:checked")).to_have_count(4)


def test_column_is_dragged_by_touch(browser: Browser, desk: FakeDesk) -> None:
    with watched_context(browser, has_touch=True, is_mobile=True, viewport={"width": 360, "height": 640}) as context:
        page = context.new_page()
        page.goto(f"{desk.url}/exports/new")
        start, end = _middle(handle(page, "id")), _middle(handle(page, "created_at"))
        touch = context.new_cdp_session(page)
        for kind, points in [
            ("touchStart", [{"x": start[0], "y": start[1]}]),
            *[
                ("touchMove", [{"x": start[0], "y": start[1] + step * (end[1] + 3 - start[1]) / 8}])
                for step in range(9)
            ],
            ("touchEnd", []),
        ]:
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        expect(announced(page)).to_have_text("Number: place 4 of 4")
        assert order(page) == ["title", "status", "created_at", "id"]


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

    def test_going_back_shows_the_form_as_it_was_left(self, page: Page) -> None:
        submit(page)
        expect(page.locator("[data-te-status]")).to_be_visible()
        page.go_back()
        expect(page.locator("[data-te-new]")).to_be_visible()
        assert order(page) == ["id", "status", "title", "created_at"]
        page.go_forward()
        expect(page.locator("[data-te-status]")).to_be_visible()

    def test_export_that_is_completed_at_once_is_saved(self, desk: FakeDesk, page: Page) -> None:
        desk.new_exports_begin_as = "completed"
        with page.expect_download() as download:
            submit(page)
        assert download.value.suggested_filename == "tickets.csv"


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
        polls = len(desk.polls)
        page.wait_for_timeout(500)
        assert len(desk.polls) == polls

    def test_export_that_was_completed_before_is_not_saved(self, desk: FakeDesk, page: Page) -> None:
        export = desk.create("completed")
        page.goto(desk.url + export.url)
        page.wait_for_timeout(500)
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
        tabs[0].wait_for_timeout(1_000)
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
        while len(desk.polls) < polls + 2:
            second.wait_for_timeout(50)
        with second.expect_download():
            export.state = "completed"

    def test_unchanged_status_is_asked_for_by_its_etag(self, desk: FakeDesk, page: Page) -> None:
        export = desk.create()
        page.goto(desk.url + export.url)
        page.locator("#cancel").focus()
        cancel = page.query_selector("#cancel")
        assert cancel
        while desk.not_modified < 2:
            page.wait_for_timeout(50)
        export.percent = 10
        expect(page.get_by_text("Exporting 10 %,")).to_be_visible()
        expect(page.locator("#cancel")).to_be_focused()
        # The element itself stayed, so a click that began before is not lost.
        assert cancel.evaluate("each => each.isConnected")

    def test_polling_waits_as_long_as_the_server_says(self, desk: FakeDesk, page: Page) -> None:
        export = desk.create()
        export.retry_after = "2"
        page.goto(desk.url + export.url)
        page.wait_for_timeout(1_500)
        assert len(desk.polls) == 2

    def test_hidden_tab_polls_slower(self, desk: FakeDesk, page: Page) -> None:
        page.add_init_script("Object.defineProperty(Document.prototype, 'hidden', { get: () => true })")
        page.goto(desk.url + desk.create().url)
        page.wait_for_timeout(1_000)
        assert 2 <= len(desk.polls) <= 3

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
        polls = len(desk.polls)
        page.wait_for_timeout(500)
        assert len(desk.polls) == polls

    def test_refused_download_stays_on_the_page(self, desk: FakeDesk, page: Page) -> None:
        export = desk.create()
        desk.file_status = 410
        page.goto(desk.url + export.url)
        export.state = "completed"
        expect(page.get_by_role("link", name="Download the file")).to_be_visible()
        while not desk.downloads:
            page.wait_for_timeout(50)
        page.get_by_role("link", name="Download the file").click()
        while desk.downloads < 2:
            page.wait_for_timeout(50)
        page.wait_for_timeout(300)
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
        expect(time).to_have_text("Nov 29, 2026, 1:00 PM")
        expect(time).to_have_attribute("title", "29 Nov 2026, 12:00 UTC")


def _middle(element: Locator) -> tuple[float, float]:
    box = element.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _drag(page: Page, name: str, onto: str, *, drop: bool = True) -> None:
    start, end = _middle(handle(page, name)), _middle(handle(page, onto))
    past = 3 if end[1] > start[1] else -3
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(end[0], end[1] + past, steps=8)
    if drop:
        page.mouse.up()
