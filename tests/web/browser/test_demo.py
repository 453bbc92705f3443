"""The help desk of the demo in a browser, from the list of tickets to the saved file."""

from __future__ import annotations

import csv
import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Download, Page

from tests.e2e.served_demo import ServedDemo, served_demo
from tests.web.browser.browsers import watched_context
from tests.web.browser.layout import assert_fits
from tests.web.browser.test_zoom import ENLARGE_TEXT, WINDOW

#: If it is set, the picture of the README is made again; otherwise no file of the repository changes.
VARIABLE: Final = "TICKET_EXPORT_TEST_PICTURES"
_PICTURE: Final = Path(__file__).parents[3] / "docs" / "images" / "export-button.png"
_MOST_BYTES: Final = 150_000
_RUNNING: Final = """
    () => (document.querySelector("ticket-export").shadowRoot.querySelector("progress")?.position ?? 0) >= 0.4
"""
_IS_WIDER: Final = "() => document.documentElement.scrollWidth > innerWidth"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDemo]:
    # An export for the picture must last long enough to be seen halfway.
    tickets = "100000" if VARIABLE in os.environ else "20000"
    with served_demo(tmp_path_factory.mktemp("demo"), "--port", "0", "--tickets", tickets) as served:
        yield served


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched_context(browser, viewport={"width": 1120, "height": 700}) as context:
        yield context.new_page()


def open_dialog(page: Page) -> None:
    page.locator("ticket-export").get_by_role("button", name="Export").click()
    page.get_by_role("dialog").get_by_role("heading", name="New export").wait_for()


def test_the_button_saves_the_file_of_the_list(demo: ServedDemo, page: Page) -> None:
    page.goto(demo.url)
    page.locator("select[name=status]").select_option("Open")
    page.get_by_label("Search").fill("vpn")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Title").click()
    page.wait_for_url("**sort=title**")
    shown = page.locator("td.desk-id").all_inner_texts()
    open_dialog(page)
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name="Export", exact=True).click()
    file = download.value
    header, *rows = csv.reader(io.StringIO(file.path().read_text("utf-8-sig"), newline=""))
    assert file.suggested_filename.startswith("tickets-")
    assert header == ["Ticket ID", "Title", "Status", "Contact", "Assignee", "Last Updated"]
    assert len(shown) == 25
    assert [row[0] for row in rows][:25] == shown
    assert page.get_by_text(f"of {len(rows):,} tickets").is_visible()


def test_the_running_export_is_shown_over_the_list(demo: ServedDemo, page: Page) -> None:
    # Otherwise the bar in the picture is behind its number.
    page.emulate_media(reduced_motion="reduce")
    # Names in letters for which each machine has a font.
    page.goto(f"{demo.url}?search=garc%C3%ADa&status=all")
    open_dialog(page)
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name="Export", exact=True).click()
        if VARIABLE in os.environ:
            page.wait_for_function(_RUNNING, polling=20)
            # The picture takes longer than the export.
            os.kill(demo.process.pid, signal.SIGSTOP)
            page.screenshot(path=_PICTURE)
            os.kill(demo.process.pid, signal.SIGCONT)
    assert download.value.path().stat().st_size > 100_000
    page.get_by_role("dialog").get_by_role("heading", name="The export is ready").wait_for()


def test_staff_save_no_file(demo: ServedDemo, page: Page) -> None:
    saved: list[str] = []

    def note(file: Download) -> None:
        saved.append(file.suggested_filename)

    page.on("download", note)
    page.goto(demo.url)
    page.get_by_role("button", name="Stan Staff").click()
    page.goto(f"{demo.url}?status=open&priority=urgent&search=vpn")
    open_dialog(page)
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_text("you cannot download its file").is_visible()
    dialog.get_by_role("button", name="Export", exact=True).click()
    dialog.get_by_role("heading", name="The export is ready").wait_for()
    assert dialog.get_by_text("you cannot download its file").is_visible()
    page.goto(f"{demo.url}exports/")
    assert page.get_by_role("link", name="Tickets", exact=True).is_visible()
    assert saved == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1200)])
def test_the_list_is_accessible_and_never_wider_than_the_screen(
    demo: ServedDemo, browser: Browser, scheme: str, width: int
) -> None:
    # axe adds a style of its own to a page.
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "bypass_csp": True}
    with watched_context(browser, **options) as context:
        page = context.new_page()
        for path in ("", "?status=all&columns=priority&sort=title&page=3", "?search=nothing", "exports/"):
            page.goto(demo.url + path)
            assert not page.evaluate(_IS_WIDER), path
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
        page.goto(demo.url)
        page.locator("summary").click()
        assert not page.evaluate(_IS_WIDER)
        assert Axe().run(page).violations_count == 0


def test_the_list_fits_with_text_of_twice_the_size(demo: ServedDemo, page: Page) -> None:
    page.set_viewport_size(WINDOW)
    page.add_init_script(ENLARGE_TEXT)
    for path in ("?status=all&columns=priority&sort=title&page=3", "exports/", ""):
        page.goto(demo.url + path)
        assert_fits(page, path)
    page.locator("summary").click()
    assert not page.evaluate(_IS_WIDER)
    # What begins left of the window cannot be reached by scrolling.
    shown = page.locator("details > div").bounding_box()
    assert shown
    assert shown["x"] >= 0


def test_the_picture_of_the_readme_is_small() -> None:
    assert _PICTURE.stat().st_size <= _MOST_BYTES
