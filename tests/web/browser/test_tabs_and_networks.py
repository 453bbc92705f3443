"""Two tabs, a slow network and a lost one, over the real pages."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.web.browser.page_parts import wait_until
from tests.web.browser.served_desk import ServedDesk, saved_by, visitor
from tests.web.browser.test_flows import assert_saved, flow, open_form, press, state
from tests.web.servers import FRAMEWORKS

EACH_FRAMEWORK: Final = pytest.mark.parametrize("framework", FRAMEWORKS)
_LABELS: Final = ("Ticket ID", "Title", "Status", "Created")
_QUIET_MS: Final = 1_000


def throttle(page: Page, *, latency_ms: int, bytes_per_second: int) -> None:
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": latency_ms,
            "downloadThroughput": bytes_per_second,
            "uploadThroughput": bytes_per_second,
        },
    )


@EACH_FRAMEWORK
def test_file_is_saved_once_by_two_tabs(served_desk: ServedDesk, browser: Browser, framework: str) -> None:
    user = served_desk.user()
    with flow(browser, served_desk, user, framework, has_script=True) as first, served_desk.desk.worker():
        second = first.context.new_page()
        saved = saved_by(first, second)
        shown = open_form(first, has_script=True)
        with served_desk.held():
            press(shown, "Export")
            state(shown, "The export is running")
            second.goto(f"{served_desk.url(framework)}/exports/")
            second.locator(".te-what a").first.click()
            state(second.get_by_role("main"), "The export is running")
        for each in (shown, second.get_by_role("main")):
            state(each, "The export is ready")
        wait_until(first, lambda: len(saved) > 0)
        first.wait_for_timeout(_QUIET_MS)
        assert len(saved) == 1
        assert_saved(served_desk, user, saved[0], *_LABELS)


@EACH_FRAMEWORK
def test_slow_network_changes_nothing_but_the_time(served_desk: ServedDesk, browser: Browser, framework: str) -> None:
    user = served_desk.user()
    with flow(browser, served_desk, user, framework, has_script=True) as page, served_desk.desk.worker():
        throttle(page, latency_ms=400, bytes_per_second=20_000)
        shown = open_form(page, has_script=True)
        with page.expect_download() as download:
            shown.get_by_role("button", name="Export", exact=True).dblclick()
        assert_saved(served_desk, user, download.value, *_LABELS)
        assert served_desk.count(user) == 1


@EACH_FRAMEWORK
def test_connection_that_is_lost_while_the_export_runs_is_told_and_comes_back(
    served_desk: ServedDesk, browser: Browser, framework: str
) -> None:
    user = served_desk.user()
    with flow(browser, served_desk, user, framework, has_script=True) as page, served_desk.desk.worker():
        shown = open_form(page, has_script=True)
        with served_desk.held():
            press(shown, "Export")
            state(shown, "The export is running")
            page.context.set_offline(True)
            expect(shown.get_by_role("alert")).to_contain_text("tries again by itself")
        with page.expect_download() as download:
            page.context.set_offline(False)
        expect(shown.get_by_role("alert")).to_have_count(0)
        assert_saved(served_desk, user, download.value, *_LABELS)


@EACH_FRAMEWORK
def test_form_whose_answer_is_lost_is_sent_again_and_makes_one_export(
    served_desk: ServedDesk, browser: Browser, framework: str
) -> None:
    user = served_desk.user()

    def lose(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort("connectionreset")

    with flow(browser, served_desk, user, framework, has_script=True) as page:
        shown = open_form(page, has_script=True)
        page.context.set_offline(True)
        press(shown, "Export")
        expect(shown.get_by_role("alert")).to_contain_text("Please try again")
        page.context.set_offline(False)
        assert served_desk.count(user) == 0
        page.route("**/exports/", lose, times=1)
        press(shown, "Export")
        wait_until(page, lambda: served_desk.count(user) == 1)
        expect(shown.get_by_role("alert")).to_contain_text("Please try again")
        press(shown, "Export")
        state(shown, "The export is waiting")
        assert served_desk.count(user) == 1
        with served_desk.desk.worker(), page.expect_download() as download:
            pass
        assert_saved(served_desk, user, download.value, *_LABELS)


def test_expired_export_is_told_with_a_way_on(served_desk: ServedDesk, browser: Browser) -> None:
    user = served_desk.user()
    with visitor(browser, served_desk.url(), user) as page:
        path = served_desk.expired(user)
        page.goto(served_desk.url() + path)
        state(page.get_by_role("main"), "The export has expired")
        expect(page.get_by_role("link", name="Download")).to_have_count(0)
        answer = page.goto(f"{served_desk.url()}{path}/file")
        assert answer
        assert answer.status == 410
        expect(page.get_by_role("link", name="New export").last).to_be_visible()
