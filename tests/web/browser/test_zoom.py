"""Zoom and larger text, as Chromium's own settings make them (WCAG 1.4.4 and 1.4.10)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.web.browser.browsers import watched_context, watched_profile
from tests.web.browser.layout import assert_fits
from tests.web.browser.page_states import STATES
from tests.web.browser.served_desk import ServedDesk, User, sign_in, visitor

WINDOW: Final[ViewportSize] = {"width": 1280, "height": 960}
# Chromium keeps a zoom as the number of steps of 20 %.
_TWICE_AS_LARGE: Final = {"partition": {"default_zoom_level": {"x": math.log(2, 1.2)}}}
_TEXT_TWICE_AS_LARGE: Final = {"webkit": {"webprefs": {"default_font_size": 32}}}
# All that the style sheets ask for. The height is left out: the window with zoom has the bars of a browser.
_ASKED: Final = """
    () => ({
        width: innerWidth,
        resolution: matchMedia("(resolution: 2dppx)").matches,
        isNarrow: matchMedia("(width: 640px)").matches,
        isHigh: matchMedia("(min-height: 36rem)").matches,
        pointer: matchMedia("(pointer: fine) and (hover: hover)").matches,
        rem: getComputedStyle(document.documentElement).fontSize,
        inRem: matchMedia("(width: 40rem)").matches,
        button: document.querySelector(".te-button-main").getBoundingClientRect().width,
        tenRem: (document.querySelector("main").style.inlineSize = "10rem",
            document.querySelector("main").getBoundingClientRect().width),
    })
"""
#: A style of the user. An init script runs before the page has its element <html>.
ENLARGE_TEXT: Final = """
    document.addEventListener("DOMContentLoaded", () => document.documentElement.style.fontSize = "200%")
"""
_SIZES_OF_ICONS: Final = "all => [...new Set(all.map(each => each.getBoundingClientRect().width))]"


def asked(page: Page, desk: ServedDesk, user: User) -> dict[str, Any]:
    sign_in(page, desk.url(), user.email)
    page.goto(f"{desk.url()}/exports/new")
    values: dict[str, Any] = page.evaluate(_ASKED)
    return values


def test_page_at_200_percent_zoom_is_one_of_half_the_width_with_twice_the_pixels(
    served_desk: ServedDesk, browser: Browser, tmp_path: Path
) -> None:
    user = served_desk.user()
    size = f"--window-size={WINDOW['width']},{WINDOW['height']}"
    with watched_profile(browser, tmp_path, _TWICE_AS_LARGE, size, no_viewport=True) as context:
        zoomed = asked(context.pages[0], served_desk, user)
    half = {"width": WINDOW["width"] // 2, "height": WINDOW["height"] // 2}
    with watched_context(browser, viewport=half, device_scale_factor=2) as context:
        # Of fractions of a pixel, fonts are rounded in another way.
        assert asked(context.new_page(), served_desk, user) == pytest.approx(zoomed, abs=1)
    assert zoomed["width"] == 640


@contextmanager
def large_text(browser: Browser, desk: ServedDesk, user: User, way: str, folder: Path) -> Iterator[Page]:
    """Open a page of a user whose text is twice as large as usual, by a setting or by a style of the user."""
    # The words of German are long.
    options: dict[str, Any] = {"locale": "de", "viewport": WINDOW}
    if way == "style":
        with visitor(browser, desk.url(), user, **options) as page:
            page.add_init_script(ENLARGE_TEXT)
            yield page
        return
    with watched_profile(browser, folder, _TEXT_TWICE_AS_LARGE, **options) as context:
        sign_in(context.pages[0], desk.url(), user.email)
        yield context.pages[0]


# With a setting, the style sheets' conditions in rem know it; with a style of the user, they do not.
@pytest.mark.parametrize("way", ["setting", "style"])
@pytest.mark.parametrize(
    "state",
    ["new-mistakes", "list-with-others", "running", "completed", "dialog-new", "dialog-mistakes", "dialog-signed-out"],
)
def test_text_of_twice_the_size_fits(
    served_desk: ServedDesk, browser: Browser, state: str, way: str, tmp_path: Path
) -> None:
    kind, open_state = STATES[state]
    user = served_desk.user(kind)
    with large_text(browser, served_desk, user, way, tmp_path) as page:
        open_state(page, served_desk, user)
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        assert_fits(page, state)
        assert page.locator(".te-icon").evaluate_all(_SIZES_OF_ICONS) in ([], [32])
