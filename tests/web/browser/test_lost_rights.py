"""A right, a session or an account that is lost while the pages are open."""

from __future__ import annotations

import re
from typing import Final

import pytest
from playwright.sync_api import Browser, expect

from tests.web.browser.served_desk import ServedDesk, saved_by, sign_in, visitor
from tests.web.browser.test_flows import EACH_WAY, flow, open_form, press, state
from tests.web.hosts.desk import LOGIN, SIGNED_OUT
from tests.web.servers import FRAMEWORKS

EACH_FRAMEWORK: Final = pytest.mark.parametrize("framework", FRAMEWORKS)


@EACH_WAY
def test_right_that_is_lost_before_the_run_fails_the_export(
    served_desk: ServedDesk, browser: Browser, framework: str, has_script: bool
) -> None:
    user = served_desk.user()
    with flow(browser, served_desk, user, framework, has_script) as page:
        shown = open_form(page, has_script)
        press(shown, "Export")
        state(shown, "The export is waiting")
        served_desk.revoke(user)
        with served_desk.desk.worker():
            state(shown, "The export failed")
            expect(shown).to_contain_text("permission")
            expect(shown.get_by_role("button", name="Try again")).to_have_count(0)
            served_desk.grant(user)
            page.goto(f"{served_desk.url(framework)}/exports/")
            page.get_by_role("main").get_by_role("link", name="status").or_(page.locator(".te-what a")).first.click()
            press(page.get_by_role("main"), "Try again")
            state(page.get_by_role("main"), "The export is ready")


@EACH_WAY
def test_right_that_is_lost_while_the_export_runs_keeps_the_file_back(
    served_desk: ServedDesk, browser: Browser, framework: str, has_script: bool
) -> None:
    user = served_desk.user()
    with flow(browser, served_desk, user, framework, has_script) as page:
        saved = saved_by(page)
        shown = open_form(page, has_script)
        with served_desk.desk.worker():
            with served_desk.held():
                press(shown, "Export")
                state(shown, "The export is running")
                served_desk.revoke(user)
                expect(shown).to_contain_text("you cannot download its file")
                expect(shown.get_by_role("button", name="Cancel the export")).to_have_count(0)
            state(shown, "The export is ready")
            expect(shown.get_by_role("link", name="Download")).to_have_count(0)
    assert saved == []


@EACH_WAY
def test_right_that_is_lost_while_the_form_is_open_is_told(
    served_desk: ServedDesk, browser: Browser, framework: str, has_script: bool
) -> None:
    user = served_desk.user()
    with flow(browser, served_desk, user, framework, has_script) as page:
        shown = open_form(page, has_script)
        served_desk.revoke(user)
        press(shown, "Export")
        expect(shown).to_contain_text("You may not export tickets")
        served_desk.grant(user)
        assert served_desk.count(user) == 0


@EACH_FRAMEWORK
@pytest.mark.parametrize("place", ["its page", "the list"])
def test_download_that_is_refused_says_why(
    served_desk: ServedDesk, browser: Browser, framework: str, place: str
) -> None:
    user = served_desk.user()
    url = served_desk.url(framework)
    with visitor(browser, url, user) as page:
        saved = saved_by(page)
        path = served_desk.completed(user)
        shown = path if place == "its page" else "/exports/"
        # The list has the exports of other tests, too.
        download = page.locator(f'a[href="{path}/file"]')
        page.goto(url + shown)
        served_desk.revoke(user)
        download.click()
        state(page.get_by_role("main"), "You may not do this")
        served_desk.grant(user)
        page.goto(url + shown)
        served_desk.expire(path)
        download.click()
        state(page.get_by_role("main"), "The file has expired")
    assert saved == []


@EACH_FRAMEWORK
def test_download_after_the_session_leads_to_the_login(
    served_desk: ServedDesk, browser: Browser, framework: str
) -> None:
    user = served_desk.user()
    url = served_desk.url(framework)
    with visitor(browser, url, user) as page:
        saved = saved_by(page)
        page.goto(url + served_desk.completed(user))
        sign_in(page, url, SIGNED_OUT)
        page.get_by_role("link", name="Download").click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert saved == []  # the page of the login is not saved as the file


@EACH_WAY
def test_session_that_ends_while_the_export_runs_is_told(
    served_desk: ServedDesk, browser: Browser, framework: str, has_script: bool
) -> None:
    user = served_desk.user()
    with flow(browser, served_desk, user, framework, has_script) as page, served_desk.desk.worker():
        saved = saved_by(page)
        shown = open_form(page, has_script)
        with served_desk.held():
            press(shown, "Export")
            state(shown, "The export is running")
            page.context.clear_cookies()
            state(shown, "Please sign in")
    assert saved == []


@EACH_FRAMEWORK
def test_session_that_ends_before_the_form_is_sent_is_told_in_the_dialog(
    served_desk: ServedDesk, browser: Browser, framework: str
) -> None:
    user = served_desk.user()
    with flow(browser, served_desk, user, framework, has_script=True) as page:
        shown = open_form(page, has_script=True)
        page.context.clear_cookies()
        press(shown, "Export")
        expect(shown.get_by_role("alert")).to_contain_text("Please sign in")
        # What was chosen stays, so that the user can sign in in another tab and go on.
        sign_in(page, served_desk.url(framework), user.email)
        press(shown, "Export")
        state(shown, "The export is waiting")


@EACH_WAY
def test_host_that_redirects_to_its_login_gets_the_user_there_from_a_running_export(
    served_desk: ServedDesk, browser: Browser, framework: str, has_script: bool
) -> None:
    url = served_desk.url(framework)
    with flow(browser, served_desk, served_desk.user(), framework, has_script) as page, served_desk.desk.worker():
        shown = open_form(page, has_script)
        with served_desk.held():
            press(shown, "Export")
            state(shown, "The export is running")
            sign_in(page, url, SIGNED_OUT)
            expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        expect(page).to_have_url(url + LOGIN)


@EACH_WAY
def test_host_that_redirects_to_its_login_gets_the_user_there_from_the_form(
    served_desk: ServedDesk, browser: Browser, framework: str, has_script: bool
) -> None:
    url = served_desk.url(framework)
    with flow(browser, served_desk, served_desk.user(), framework, has_script) as page:
        shown = open_form(page, has_script)
        sign_in(page, url, SIGNED_OUT)
        press(shown, "Export")
        expect(page).to_have_url(re.compile(re.escape(url + LOGIN)))
