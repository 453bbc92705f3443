"""Every page and state: accessible, no wider than a small screen, and a picture to look at in build/screenshots/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.web.browser.page_states import STATES, VIEW
from tests.web.browser.served_desk import ServedDesk, serving, visitor

_SCREENSHOTS: Final = Path(__file__).parents[3] / "build" / "screenshots"
_SIZES: Final = {"wide": (1000, 800), "zoomed": (640, 480), "small": (320, 640)}
_SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
_IS_DARK: Final = "matchMedia('(prefers-color-scheme: dark)').matches"
# Nothing inside may be wider either, except what only screen readers see.
_WIDER: Final = """
    () => {
        const page = document.documentElement;
        const dialog = document.querySelector("ticket-export")?.shadowRoot.querySelector("dialog[open]");
        const shown = [page, ...(dialog ? [dialog] : [])];
        return shown.filter((each) => each.scrollWidth > each.clientWidth)
            .map((each) => `${each.localName}: ${each.scrollWidth} > ${each.clientWidth}`);
    }
"""
# What lies below Close: a notice, or the words of the heading.
_COVERED: Final = """
    (dialog) => {
        const close = dialog.querySelector("[data-te-close]").getBoundingClientRect();
        const words = document.createRange();
        const heading = dialog.querySelector("h1:not([role=alert] *)");
        if (heading) words.selectNodeContents(heading);
        return [...dialog.querySelectorAll("[role=alert]"), words].filter((each) => {
            const { left, right, top, bottom } = each.getBoundingClientRect();
            return left < close.right && close.left < right && top < close.bottom && close.top < bottom;
        }).length;
    }
"""


@pytest.fixture(scope="module")
def desk(served_desk: ServedDesk) -> ServedDesk:
    return served_desk


def assert_fits_each_size(page: Page, name: str) -> None:
    _SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for size, (width, height) in _SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        # The dialog scrolls by itself.
        page.screenshot(path=_SCREENSHOTS / f"{name}-{size}.png", full_page="dialog" not in name, animations="disabled")
        assert page.evaluate(_WIDER) == [], size
        if name.startswith("dialog"):
            assert page.get_by_role("dialog").evaluate(_COVERED) == 0, size


@pytest.mark.parametrize("language", ["en", "de", "ar"])
@pytest.mark.parametrize("state", STATES)
def test_state_is_accessible_and_fits_in_light_and_dark_colours(
    desk: ServedDesk, browser: Browser, language: str, state: str
) -> None:
    kind, open_state = STATES[state]
    user = desk.user(kind)
    with visitor(browser, desk.url(), user, locale=language) as page:
        open_state(page, desk, user)
        if "offline" not in state:  # no page has come, so there is no language
            shown = page.locator("[data-te-page]")
            assert shown.evaluate("each => getComputedStyle(each).direction") == ("rtl" if language == "ar" else "ltr")
        # axe adds a style of its own.
        page.context.new_cdp_session(page).send("Page.setBypassCSP", {"enabled": True})
        # Only the style sheets know the colours, so the page is not opened again.
        for scheme in _SCHEMES:
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(_IS_DARK) == (scheme == "dark")
            assert_fits_each_size(page, f"{state}-{scheme}-{language}")
            page.set_viewport_size({"width": 1000, "height": 800})
            found = Axe().run(page)
            assert found.violations_count == 0, f"{scheme}: {found.generate_report()}"


@pytest.fixture(scope="module")
def hostile_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDesk]:
    with serving(tmp_path_factory.mktemp("hostile"), {"DESK_LONG_LABELS": "1"}, file_name="f" * 200) as desk:
        yield desk


@pytest.mark.parametrize("state", STATES)
def test_long_texts_fit(
    hostile_desk: ServedDesk, browser: Browser, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, open_state = STATES[state]
    monkeypatch.setitem(VIEW, "searchTerm", "w" * 1_000)
    user = hostile_desk.user(kind, ("N" * 200, "m" * 200))
    with visitor(browser, hostile_desk.url(), user) as page:
        open_state(page, hostile_desk, user)
        assert_fits_each_size(page, f"{state}-long")
