"""Every page and state: accessible, no wider than a small screen, and a picture to look at in build/screenshots/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.web.browser.layout import assert_fits
from tests.web.browser.page_states import STATES, VIEW
from tests.web.browser.served_desk import ServedDesk, serving, visitor

_SCREENSHOTS: Final = Path(__file__).parents[3] / "build" / "screenshots"
# Zoomed is half of 1280 x 960, with two pixels of the screen for one of CSS. That is what a style sheet sees at
# 200 % zoom of Chromium: test_zoom.py compares the two.
_SIZES: Final = {"wide": (1000, 800), "zoomed": (640, 480), "small": (320, 640)}
_PIXELS: Final = 2
_SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
_IS_DARK: Final = "matchMedia('(prefers-color-scheme: dark)').matches"


@pytest.fixture(scope="module")
def desk(served_desk: ServedDesk) -> ServedDesk:
    return served_desk


def assert_fits_each_size(page: Page, name: str) -> None:
    _SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for size, (width, height) in _SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("[innerWidth, devicePixelRatio]") == [width, _PIXELS]
        page.screenshot(
            path=_SCREENSHOTS / f"{name}-{size}.png",
            full_page="dialog" not in name,  # which scrolls by itself
            animations="disabled",
            # All pixels only where they show more, since they take time.
            scale="device" if size == "zoomed" else "css",
        )
        assert_fits(page, size)


@pytest.mark.parametrize("language", ["en", "de", "ar"])
@pytest.mark.parametrize("state", STATES)
def test_state_is_accessible_and_fits_in_light_and_dark_colours(
    desk: ServedDesk, browser: Browser, language: str, state: str
) -> None:
    kind, open_state = STATES[state]
    user = desk.user(kind)
    with visitor(browser, desk.url(), user, locale=language, device_scale_factor=_PIXELS) as page:
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
    with visitor(browser, hostile_desk.url(), user, device_scale_factor=_PIXELS) as page:
        open_state(page, hostile_desk, user)
        assert_fits_each_size(page, f"{state}-long")
