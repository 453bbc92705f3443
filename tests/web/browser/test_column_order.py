"""The columns of *New export* are ordered by mouse, touch, keyboard and buttons."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.web.browser.browsers import watched_context
from tests.web.browser.fake_desk import FakeDesk
from tests.web.browser.page_parts import announced, handle, order, submit


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


def test_dragging_to_the_edge_scrolls_the_page(desk: FakeDesk, page: Page) -> None:
    page.set_viewport_size({"width": 600, "height": 200})
    page.goto(f"{desk.url}/exports/new")
    start = _middle(handle(page, "id"))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0], 190, steps=4)
    expect(page.locator("[data-te-column]").last).to_have_attribute("data-te-column", "id")
    assert page.evaluate("scrollY") > 0
    page.mouse.up()
    expect(announced(page)).to_have_text("Number: place 4 of 4")
