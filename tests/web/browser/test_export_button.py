"""<ticket-export> in a host's own page: the dialog, the progress in place, and the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.browser.browsers import watched_context
from tests.web.browser.fake_desk import FILE, FakeDesk
from tests.web.browser.page_parts import announced, assert_stays, order, submit

_RECORD_EVENTS = """() => {
    globalThis.seen = [];
    for (const name of ["requested", "completed", "failed"])
        document.addEventListener(`ticket-export:${name}`, (event) =>
            seen.push([name, event.detail.url, event.target.localName]));
}"""


@pytest.fixture(autouse=True)
def _open(request: pytest.FixtureRequest, desk: FakeDesk, page: Page) -> None:
    page.goto(f"{desk.url}/tickets")
    page.evaluate(_RECORD_EVENTS)


def press(page: Page) -> None:
    page.locator("button.te-export").click()


def events(page: Page) -> list[list[str]]:
    seen: list[list[str]] = page.evaluate("seen")
    return seen


def close(page: Page) -> None:
    page.locator("dialog").get_by_role("button", name="Close").click()


def test_view_of_the_list_becomes_a_file_without_leaving_the_page(desk: FakeDesk, page: Page) -> None:
    expect(page.get_by_role("button")).to_have_text("Export")
    press(page)
    expect(page.get_by_role("dialog", name="New export")).to_be_visible()
    expect(page.get_by_role("heading", name="New export")).to_be_focused()
    page.get_by_role("button", name="Number down").click()
    expect(announced(page)).to_have_text("Number: place 2 of 4")
    submit(page)
    expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
    assert [form.path for form in desk.forms] == ["/exports/new", "/exports/"]
    assert desk.forms[1].fields["view"] == [desk.view]
    assert desk.forms[1].fields["csrf"] == ["token-7"]
    assert desk.forms[1].fields["columns"] == ["title", "id", "status", "created_at"]
    with page.expect_download() as download:
        desk.exports[0].state = "completed"
    assert download.value.suggested_filename == "tickets.csv"
    assert Path(download.value.path()).read_bytes() == FILE
    expect(page.get_by_role("link", name="Download the file")).to_be_visible()
    expect(announced(page)).to_have_text("Export ready.")
    expect(page).to_have_url(f"{desk.url}/tickets")
    expect(page).to_have_title("Tickets")
    url = f"{desk.url}/exports/1"
    assert events(page) == [["requested", url, "ticket-export"], ["completed", url, "ticket-export"]]
    close(page)
    expect(page.get_by_role("button", name="Export", exact=True)).to_be_focused()
    press(page)
    expect(page.get_by_role("dialog", name="New export")).to_be_visible()


def test_export_goes_on_after_the_dialog_was_closed(desk: FakeDesk, page: Page) -> None:
    press(page)
    submit(page)
    expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    expect(page.locator("button.te-export")).to_be_focused()
    desk.exports[0].percent = 42
    expect(page.locator("button.te-export")).to_have_text("Exporting 42 %")
    press(page)
    expect(page.get_by_text("Exporting 42 %,")).to_be_visible()
    close(page)
    with page.expect_download():
        desk.exports[0].state = "completed"
    expect(page.locator("button.te-export")).to_have_text("Export ready")
    press(page)
    with page.expect_download():
        page.get_by_role("link", name="Download the file").click()
    close(page)
    expect(page.locator("button.te-export")).to_have_text("Export")


def test_failed_export_is_told_and_retried(desk: FakeDesk, page: Page) -> None:
    press(page)
    submit(page)
    expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
    desk.exports[0].state = "failed"
    page.locator("#retry").click()
    expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
    with page.expect_download():
        desk.exports[1].state = "completed"
    first, second = f"{desk.url}/exports/1", f"{desk.url}/exports/2"
    assert [each[:2] for each in events(page)] == [
        ["requested", first],
        ["failed", first],
        ["requested", second],
        ["completed", second],
    ]


def test_export_that_cannot_be_cancelled_is_watched_to_its_end(desk: FakeDesk, page: Page) -> None:
    press(page)
    submit(page)
    expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
    desk.keeps_exports = "You may not cancel it."
    page.locator("#cancel").click()
    expect(page.get_by_text("You may not cancel it.")).to_be_visible()
    desk.exports[0].percent = 42
    expect(page.get_by_text("Exporting 42 %,")).to_be_visible()
    expect(page).to_have_url(f"{desk.url}/tickets")
    with page.expect_download():
        desk.exports[0].state = "completed"
    url = f"{desk.url}/exports/1"
    assert [each[:2] for each in events(page)] == [["requested", url], ["completed", url]]


def test_file_of_an_export_that_was_completed_before_its_cancellation_is_saved(desk: FakeDesk, page: Page) -> None:
    press(page)
    submit(page)
    expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
    # The next poll comes late.
    desk.exports[0].retry_after = "30"
    desk.exports[0].percent = 99
    expect(page.get_by_text("Exporting 99 %,")).to_be_visible()
    desk.exports[0].state = "completed"
    desk.keeps_exports = "The export has ended already."
    with page.expect_download():
        page.locator("#cancel").click()
    expect(page.get_by_text("The export has ended already.")).to_be_visible()
    assert events(page)[-1][:2] == ["completed", f"{desk.url}/exports/1"]


def test_completed_export_without_the_right_to_download_is_no_failure(desk: FakeDesk, page: Page) -> None:
    press(page)
    submit(page)
    expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
    desk.exports[0].may_download = False
    desk.exports[0].state = "completed"
    expect(page.get_by_text("An administrator can download it.")).to_be_visible()
    assert [each[0] for each in events(page)] == ["requested", "completed"]
    assert desk.downloads == 0


def test_escape_puts_a_grabbed_column_back_and_does_not_close_the_dialog(page: Page) -> None:
    press(page)
    page.locator("[data-te-column=id] [data-te-drag]").focus()
    for key in ("Space", "ArrowDown", "Escape"):
        page.keyboard.press(key)
    expect(announced(page)).to_have_text("Number back at 1")
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()


def test_form_is_as_it_was_left_while_the_view_is_the_same(desk: FakeDesk, page: Page) -> None:
    press(page)
    page.get_by_role("button", name="Number down").click()
    page.keyboard.press("Escape")
    press(page)
    assert order(page)[0] == "title"
    page.keyboard.press("Escape")
    page.locator("ticket-export").evaluate("each => each.view = {columns: ['status'], search: 'a \"b\" <c>'}")
    press(page)
    expect(page.locator("dialog")).to_be_visible()
    assert order(page)[0] == "id"
    assert json.loads(desk.forms[-1].fields["view"][0]) == {"columns": ["status"], "search": 'a "b" <c>'}


def test_mistake_stays_in_the_dialog(page: Page) -> None:
    press(page)
    page.get_by_role("button", name="None").click()
    submit(page)
    expect(page.locator("[data-te-problems]")).to_be_focused()
    expect(page.locator("dialog [data-te-new]")).to_be_visible()


def test_refusal_and_lost_connection_keep_the_input(desk: FakeDesk, page: Page) -> None:
    press(page)
    page.get_by_role("button", name="Number down").click()
    desk.refusals["request"] = (429, "Too many exports")
    submit(page)
    expect(page.locator("dialog").get_by_role("alert")).to_contain_text("Too many exports")
    desk.is_down.set()
    submit(page)
    expect(page.locator("dialog").get_by_role("alert")).to_have_text("No answer. Please try again.")
    assert order(page)[0] == "title"


def test_proxy_that_fails_after_the_request_is_told_in_the_dialog(desk: FakeDesk, page: Page) -> None:
    press(page)
    desk.gateway = "<h1>Bad Gateway</h1>"
    submit(page)
    expect(page.locator("dialog").get_by_role("alert")).to_have_text("No answer. Please try again.")
    desk.gateway = ""
    submit(page)
    expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
    expect(page).to_have_url(f"{desk.url}/tickets")


def test_server_that_does_not_answer_is_told_in_the_dialog(desk: FakeDesk, page: Page) -> None:
    desk.is_down.set()
    page.locator("ticket-export").evaluate("each => each.setAttribute('unreachable', 'Keine Antwort.')")
    press(page)
    expect(page.get_by_role("alert")).to_have_text("Keine Antwort.")
    close(page)
    expect(page.locator("button.te-export")).to_be_focused()
    desk.is_down.clear()
    press(page)
    expect(page.get_by_role("dialog", name="New export")).to_be_visible()


def test_form_that_did_not_come_is_asked_for_again(desk: FakeDesk, page: Page) -> None:
    press(page)
    close(page)
    desk.is_down.set()
    page.locator("ticket-export").evaluate("each => each.view = {columns: ['status']}")
    press(page)
    expect(page.get_by_role("alert")).to_have_text("No answer. Please try again.")
    close(page)
    desk.is_down.clear()
    press(page)
    expect(page.locator("dialog [data-te-new]")).to_be_visible()
    assert json.loads(desk.forms[-1].fields["view"][0]) == {"columns": ["status"]}


def test_view_that_changes_while_the_form_is_sent_is_not_taken_for_that_of_the_form(desk: FakeDesk, page: Page) -> None:
    press(page)
    expect(page.get_by_role("dialog", name="New export")).to_be_visible()
    desk.refusals["request"] = (429, "Too many exports")
    desk.may_answer.clear()
    submit(page)
    page.keyboard.press("Escape")
    page.locator("ticket-export").evaluate("each => each.view = {columns: ['status']}")
    press(page)
    desk.may_answer.set()
    expect(page.locator("dialog").get_by_role("alert")).to_contain_text("Too many exports")
    close(page)
    press(page)
    expect(page.locator("dialog").get_by_role("alert")).to_be_hidden()
    assert json.loads(desk.forms[-1].fields["view"][0]) == {"columns": ["status"]}


def test_end_of_an_export_is_told_though_the_dialog_was_closed_before_it_began(desk: FakeDesk, page: Page) -> None:
    press(page)
    expect(page.get_by_role("dialog", name="New export")).to_be_visible()
    desk.may_answer.clear()
    submit(page)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    desk.may_answer.set()
    expect(page.locator("button.te-export")).to_have_text("Exporting 0 %")
    desk.exports[0].state = "failed"
    expect(page.locator("button.te-export")).to_have_text("Export failed")
    press(page)
    expect(page.locator("#retry")).to_be_visible()
    close(page)
    expect(page.locator("button.te-export")).to_have_text("Export")


def test_label_may_come_late_and_change(page: Page) -> None:
    # As frameworks do that put an element into the page before they make what is in it.
    page.locator("ticket-export").evaluate("each => each.replaceChildren()")
    expect(page.locator("button.te-export")).to_have_text("")
    page.locator("ticket-export").evaluate("each => each.append('Exporter')")
    expect(page.locator("button.te-export")).to_have_text("Exporter")
    page.locator("ticket-export").evaluate("each => (each.firstChild.data = 'Eksportuj')")
    expect(page.locator("button.te-export")).to_have_text("Eksportuj")


@pytest.mark.parametrize("move", ["each.remove(); document.body.append(each)", "document.body.append(each)"])
def test_element_that_is_moved_with_an_open_dialog_can_be_used_again(desk: FakeDesk, page: Page, move: str) -> None:
    press(page)
    submit(page)
    expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
    page.locator("ticket-export").evaluate(f"each => {{ {move} }}")
    expect(page.locator("dialog")).to_be_hidden()
    desk.exports[0].percent = 42
    expect(page.locator("button.te-export")).to_have_text("Exporting 42 %")
    press(page)
    expect(page.locator("dialog:modal")).to_be_visible()


def test_user_without_the_right_sees_the_refusal(desk: FakeDesk, page: Page) -> None:
    desk.refusals["new"] = (403, "You may not export")
    press(page)
    expect(page.get_by_role("dialog", name="You may not export")).to_be_visible()


def test_slow_form_is_asked_for_once(desk: FakeDesk, page: Page) -> None:
    desk.may_answer.clear()
    page.locator("button.te-export").dblclick()
    expect(page.locator("button.te-export")).to_have_attribute("aria-busy", "true")
    expect(page.locator("dialog")).to_be_hidden()
    desk.may_answer.set()
    expect(page.get_by_role("dialog", name="New export")).to_be_visible()
    assert len(desk.forms) == 1


def test_link_to_a_new_export_opens_the_form_with_the_view(desk: FakeDesk, page: Page) -> None:
    press(page)
    submit(page)
    page.get_by_role("link", name="New export").click()
    expect(page.locator("dialog [data-te-new]")).to_be_visible()
    assert desk.forms[-1].fields == {"view": [desk.view]}


def test_view_that_was_set_before_the_script_ran_is_kept(desk: FakeDesk, page: Page) -> None:
    page.evaluate(
        """() => {
            const early = document.implementation.createHTMLDocument().createElement("ticket-export");
            early.view = { columns: ["title"] };
            early.textContent = "Early";
            document.body.append(early);
        }"""
    )
    page.get_by_role("button", name="Early").click()
    expect(page.get_by_role("dialog", name="New export")).to_be_visible()
    assert desk.forms[0].fields["view"] == ['{"columns":["title"]}']


def test_removed_button_stops_watching(desk: FakeDesk, page: Page) -> None:
    press(page)
    submit(page)
    expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
    page.locator("ticket-export").evaluate("each => each.remove()")
    # A request that is on its way is answered first.
    page.evaluate("() => fetch('/tickets')")
    assert_stays(page, lambda: len(desk.polls))


def test_without_javascript_it_is_a_link(browser: Browser, desk: FakeDesk) -> None:
    options: dict[str, Any] = {"java_script_enabled": False}
    with watched_context(browser, **options) as context:
        page = context.new_page()
        page.goto(f"{desk.url}/tickets")
        page.get_by_role("link", name="Export").click()
        expect(page).to_have_url(f"{desk.url}/exports/new")
        expect(page.get_by_role("button", name="None")).to_have_count(0)


def test_nothing_is_stored_in_the_browser(desk: FakeDesk, page: Page) -> None:
    press(page)
    submit(page)
    expect(page.get_by_text("Exporting 0 %,")).to_be_visible()
    assert page.context.storage_state() == {"cookies": [], "origins": []}
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
