"""From the list of tickets to the saved file, over the three frameworks, with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from playwright.sync_api import Browser, Download, Locator, Page, expect

from tests.web.browser.served_desk import STAFF, ServedDesk, User, visitor
from tests.web.servers import FRAMEWORKS

_FILE_NAME: Final = re.compile(r"tickets-\d{8}T\d{6}Z\.csv")


def _name(value: object) -> str:
    return value if isinstance(value, str) else "with-script" if value else "without-script"


EACH_WAY: Final = pytest.mark.parametrize(
    ("framework", "has_script"), [(each, has) for each in FRAMEWORKS for has in (True, False)], ids=_name
)


@contextmanager
def flow(browser: Browser, desk: ServedDesk, user: User, framework: str, has_script: bool) -> Iterator[Page]:
    """Open the host's list of tickets."""
    with visitor(browser, desk.url(framework), user, java_script_enabled=has_script) as page:
        page.goto(f"{desk.url(framework)}/tickets")
        yield page


def open_form(page: Page, has_script: bool) -> Locator:
    """Press the button of the list, or follow the link, and return what has the form then."""
    page.get_by_role("button" if has_script else "link", name="Export", exact=True).click()
    shown = page.get_by_role("dialog") if has_script else page.get_by_role("main")
    expect(shown.get_by_role("heading", name="New export")).to_be_visible()
    return shown


def press(shown: Locator, name: str) -> None:
    shown.get_by_role("button", name=name, exact=True).click()


def state(shown: Locator, text: str) -> Locator:
    """Wait for the heading of this state."""
    heading = shown.get_by_role("heading", name=text)
    expect(heading).to_be_visible()
    return heading


def assert_saved(desk: ServedDesk, user: User, download: Download, *labels: str) -> None:
    """The file is the one that Python exports for the same view, under the name that the export has."""
    name, content = desk.exported(user)
    assert download.suggested_filename == name
    assert _FILE_NAME.fullmatch(name)
    assert download.path().read_bytes() == content
    assert content.decode("utf-8-sig").splitlines()[0] == ",".join(labels)


@EACH_WAY
def test_from_the_list_to_the_saved_file(
    served_desk: ServedDesk, browser: Browser, framework: str, has_script: bool
) -> None:
    user = served_desk.user()
    with served_desk.desk.worker(), flow(browser, served_desk, user, framework, has_script) as page:
        shown = open_form(page, has_script)
        press(shown, "Move Title down")
        if has_script:
            with page.expect_download() as download:
                press(shown, "Export")
            state(shown, "The export is ready")
            expect(page).to_have_url(re.compile("/tickets$"))
            # The link saves it again.
            with page.expect_download() as again:
                shown.get_by_role("link", name="Download").click()
            assert again.value.path().read_bytes() == download.value.path().read_bytes()
            assert_saved(served_desk, user, download.value, "Ticket ID", "Status", "Title", "Created")
            return
        for each in shown.get_by_role("checkbox").all()[4:]:
            each.uncheck()
        press(shown, "Export")
        state(shown, "The export is ready")
        with page.expect_download() as download:
            shown.get_by_role("link", name="Download").click()
        assert_saved(served_desk, user, download.value, "Ticket ID", "Description", "Title", "Status")


@EACH_WAY
def test_failed_export_is_told_and_tried_again(
    served_desk: ServedDesk, browser: Browser, framework: str, has_script: bool
) -> None:
    user = served_desk.user()
    with served_desk.desk.worker(), flow(browser, served_desk, user, framework, has_script) as page:
        shown = open_form(page, has_script)
        with served_desk.refused():
            press(shown, "Export")
            state(shown, "The export failed")
            expect(shown).not_to_contain_text("secret")
        if has_script:
            with page.expect_download() as download:
                press(shown, "Try again")
        else:
            press(shown, "Try again")
            state(shown, "The export is ready")
            with page.expect_download() as download:
                shown.get_by_role("link", name="Download").click()
        name, content = served_desk.exported(user)
        assert (download.value.suggested_filename, download.value.path().read_bytes()) == (name, content)
        assert served_desk.count(user) == 2


@EACH_WAY
def test_export_is_cancelled_while_it_waits_and_while_it_runs(
    served_desk: ServedDesk, browser: Browser, framework: str, has_script: bool
) -> None:
    user = served_desk.user()
    with flow(browser, served_desk, user, framework, has_script) as page:
        shown = open_form(page, has_script)
        press(shown, "Export")
        state(shown, "The export is waiting")
        press(shown, "Cancel the export")
        state(shown, "The export was cancelled")
        with served_desk.desk.worker(), served_desk.held():
            press(shown, "Try again")
            state(shown, "The export is running")
            press(shown, "Cancel the export")
            state(shown, "The export was cancelled")
        expect(shown.get_by_role("link", name="Download")).to_have_count(0)
        page.goto(f"{served_desk.url(framework)}/exports/")
        expect(page.get_by_role("cell", name="Cancelled")).to_have_count(2)


@EACH_WAY
def test_user_who_may_not_download_is_told_before_and_after(
    served_desk: ServedDesk, browser: Browser, framework: str, has_script: bool
) -> None:
    saved: list[Download] = []
    told = "but you cannot download its file"
    with (
        served_desk.desk.worker(),
        flow(browser, served_desk, served_desk.user(STAFF), framework, has_script) as page,
    ):
        page.on("download", saved.append)
        shown = open_form(page, has_script)
        expect(shown).to_contain_text(told)
        press(shown, "Export")
        state(shown, "The export is ready")
        expect(shown).to_contain_text(told)
        expect(shown.get_by_role("link", name="Download")).to_have_count(0)
        page.goto(f"{served_desk.url(framework)}/exports/")
        expect(page.get_by_role("cell", name="Ready")).to_be_visible()
        expect(page.get_by_role("link", name="Download")).to_have_count(0)
    assert saved == []


@EACH_WAY
def test_address_of_somebody_elses_export_is_one_of_no_export(
    served_desk: ServedDesk, browser: Browser, framework: str, has_script: bool
) -> None:
    with visitor(browser, served_desk.url(framework), served_desk.user(STAFF), java_script_enabled=has_script) as page:
        pages = []
        for path in (served_desk.completed(served_desk.user()), "/exports/00000000-0000-4000-8000-000000000000"):
            answer = page.goto(served_desk.url(framework) + path)
            assert answer
            assert answer.status == 404
            expect(page.get_by_role("heading", name="There is no such export")).to_be_visible()
            pages.append(answer.text())
        assert pages[0] == pages[1]
