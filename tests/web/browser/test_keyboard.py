"""The whole flow by keyboard alone: Tab, Shift+Tab, Space, Enter, Escape and the arrow keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.browser.page_parts import announced, order
from tests.web.browser.served_desk import ServedDesk, visitor
from tests.web.browser.test_flows import EACH_WAY, assert_saved, flow, state
from tests.web.servers import FRAMEWORKS

_MOST_STEPS = 200
_FOCUSED = """
    () => {
        let found = document.activeElement;
        while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
        const label = found?.closest("label")?.textContent ?? found?.ariaLabel ?? found?.textContent ?? "";
        // After the last element of a page come the browser's own controls.
        const isVisible = found === document.body || Boolean(found?.matches(":focus-visible"));
        return [label.trim().replace(/\\s+/g, " "), isVisible];
    }
"""


def tab_to(page: Page, label: str, key: str = "Tab") -> None:
    """Press the key until what begins with this label has the focus; each step must be visible."""
    for _ in range(_MOST_STEPS):
        page.keyboard.press(key)
        found, is_visible = page.evaluate(_FOCUSED)
        assert is_visible, found
        if found.startswith(label):
            return
    raise AssertionError(f"{label} cannot be reached")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_export_of_the_dialog_by_keyboard(served_desk: ServedDesk, browser: Browser, framework: str) -> None:
    user = served_desk.user()
    with flow(browser, served_desk, user, framework, has_script=True) as page:
        dialog = page.get_by_role("dialog")
        tab_to(page, "Export")
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("heading", name="New export")).to_be_focused()
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        assert page.evaluate(_FOCUSED) == ["Export", True]
        page.keyboard.press("Space")
        expect(dialog.get_by_role("heading", name="New export")).to_be_focused()
        # By the handle, by the button, and by the check box.
        tab_to(page, "Move Ticket ID")
        for key in ("Space", "ArrowDown", "ArrowDown", "Space"):
            page.keyboard.press(key)
        expect(announced(page)).to_contain_text("place 3 of 22")
        tab_to(page, "Move Created up")
        page.keyboard.press("Enter")
        tab_to(page, "Status", "Shift+Tab")
        page.keyboard.press("Space")
        assert order(page)[:4] == ["title", "status", "creationTime", "id"]
        tab_to(page, "CSV")
        page.keyboard.press("ArrowDown")
        expect(dialog.get_by_role("radio", name="Excel workbook")).to_be_checked()
        page.keyboard.press("ArrowUp")
        tab_to(page, "Export")
        with served_desk.desk.worker(), page.expect_download() as download:
            page.keyboard.press("Enter")
        assert_saved(served_desk, user, download.value, "Title", "Created", "Ticket ID")
        state(dialog, "The export is ready")
        tab_to(page, "Close", "Shift+Tab")
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        assert page.evaluate(_FOCUSED) == ["Export", True]


@EACH_WAY
def test_export_of_the_page_by_keyboard(
    served_desk: ServedDesk, browser: Browser, framework: str, has_script: bool
) -> None:
    user = served_desk.user()
    with served_desk.desk.worker(), flow(browser, served_desk, user, framework, has_script) as page:
        if has_script:
            # The button of the list would open the dialog.
            page.goto(f"{served_desk.url(framework)}/exports/")
        tab_to(page, "New export" if has_script else "Export")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="New export")).to_be_visible()
        tab_to(page, "Move Ticket ID down")
        page.keyboard.press("Enter")
        # Without the script the page is loaded again, with the focus where it was.
        expect(page.locator("input[name=order]").nth(1)).to_have_value("id")
        expect(page.get_by_role("button", name="Move Ticket ID down")).to_be_focused()
        tab_to(page, "Description")
        page.keyboard.press("Space")
        labels = page.locator("label:has([name=columns]:checked)").all_inner_texts()
        assert [len(labels), *labels[:3]] == [21, "Title", "Ticket ID", "Status"]
        tab_to(page, "Export")
        page.keyboard.press("Enter")
        state(page.get_by_role("main"), "The export is ready")
        tab_to(page, "Download")
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        assert_saved(served_desk, user, download.value, *labels)


def test_focus_does_not_leave_the_dialog(served_desk: ServedDesk, browser: Browser) -> None:
    with visitor(browser, served_desk.url(), served_desk.user()) as page:
        page.goto(f"{served_desk.url()}/tickets")
        page.locator("button.te-export").click()
        expect(page.get_by_role("dialog").get_by_role("heading", name="New export")).to_be_focused()
        for key in ("Tab", "Shift+Tab"):
            for _ in range(_MOST_STEPS // 2):
                page.keyboard.press(key)
                # At its end, the browser's own controls come, and then the dialog again.
                is_inside = page.evaluate(
                    """() => {
                        const { activeElement, shadowRoot } = document.querySelector("ticket-export");
                        const outside = [document.body, shadowRoot.host].includes(document.activeElement);
                        return outside && !shadowRoot.activeElement?.matches("button.te-export");
                    }"""
                )
                assert is_inside


def test_pages_without_javascript_by_keyboard(served_desk: ServedDesk, browser: Browser) -> None:
    user = served_desk.user()
    with visitor(browser, served_desk.url(), user, java_script_enabled=False) as page:
        page.goto(f"{served_desk.url()}/tickets")
        page.get_by_role("link", name="Export").focus()
        page.keyboard.press("Enter")
        down = page.get_by_role("button", name="Move Ticket ID down")
        down.focus()
        page.keyboard.press("Enter")
        # The page is loaded again, with the focus where it was.
        expect(page.locator("input[name=order]").nth(1)).to_have_value("id")
        expect(down).to_be_focused()
        page.get_by_role("radio", name="CSV with tabs").focus()
        # Enter in the form requests the export, and moves no column.
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="The export is waiting")).to_be_visible()
        page.get_by_role("button", name="Cancel the export").focus()
        page.keyboard.press("Space")
        expect(page.get_by_role("heading", name="The export was cancelled")).to_be_visible()
