"""What a browser with forced colours must still draw."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Browser

from tests.web.browser.served_desk import ServedDesk, visitor

_STYLE: Final = "(each, name) => getComputedStyle(each)[name]"


def test_high_contrast_keeps_the_handles_and_marks_only_the_current_page(
    served_desk: ServedDesk, browser: Browser
) -> None:
    url = served_desk.url()
    with visitor(browser, url, served_desk.user(), forced_colors="active") as page:
        page.goto(f"{url}/exports/new")
        handle = page.locator("[data-te-drag]").first
        assert handle.evaluate(_STYLE, "backgroundImage") != "none"
        links = page.get_by_role("navigation").get_by_role("link")
        lines = {each.inner_text(): each.evaluate(_STYLE, "borderBlockEndColor") for each in links.all()}
        background = page.locator("body").evaluate(_STYLE, "backgroundColor")
        assert [name for name, color in lines.items() if color != background] == ["New export"]
