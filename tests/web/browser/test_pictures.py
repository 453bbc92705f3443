"""The pictures of the documentation: pages of the library as a browser shows them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser

from tests.web.browser.page_states import STATES
from tests.web.browser.served_desk import ServedDesk, visitor
from tests.web.browser.test_demo import VARIABLE

_DOCS: Final = Path(__file__).parents[3] / "docs"
_IMAGES: Final = _DOCS / "images"
_PAGE: Final = _DOCS / "how-to" / "offer-an-export-button.md"
_MOST_BYTES: Final = 120_000
#: The state, the language, the colours and the height of each picture.
_PICTURES: Final = {
    "new-export": ("new", "en", "light", 760),
    "export-status": ("running", "en", "light", 620),
    "my-exports": ("list", "en", "dark", 640),
    "new-export-arabic": ("new", "ar", "light", 760),
}


@pytest.mark.parametrize("name", _PICTURES)
def test_picture_is_small_and_shown_with_a_text(served_desk: ServedDesk, browser: Browser, name: str) -> None:
    picture = _IMAGES / f"{name}.png"
    if VARIABLE in os.environ:
        state, language, scheme, height = _PICTURES[name]
        kind, open_state = STATES[state]
        user = served_desk.user(kind)
        size = {"width": 1000, "height": height}
        with visitor(browser, served_desk.url(), user, locale=language, color_scheme=scheme, viewport=size) as page:
            open_state(page, served_desk, user)
            page.screenshot(path=picture, animations="disabled")
    assert picture.stat().st_size <= _MOST_BYTES
    assert f"](../images/{name}.png)" in _PAGE.read_text("utf-8")
