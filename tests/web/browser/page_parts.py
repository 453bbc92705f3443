"""The parts of the pages that the tests use."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page

_LIMIT_S = 60
_MOMENT_S = 0.5


def order(page: Page | Locator) -> list[str]:
    """Return the names of all columns, as the form sends them."""
    values: list[str] = page.locator("input[name=order]").evaluate_all("all => all.map(each => each.value)")
    return values


def handle(page: Page, name: str) -> Locator:
    """Return the handle by which the column is dragged."""
    return page.locator(f"[data-te-column={name}] [data-te-drag]")


def announced(page: Page) -> Locator:
    """Return the live region."""
    return page.locator("[data-te-announce]")


def submit(page: Page) -> None:
    """Press the button that requests the export."""
    page.locator("[data-te-new]").get_by_role("button", name="Export", exact=True).click()


def wait_until(page: Page, condition: Callable[[], bool]) -> None:
    """Let the page go on until the condition holds."""
    end = time.monotonic() + _LIMIT_S
    while not condition():
        assert time.monotonic() < end, "the condition did not become true"
        page.wait_for_timeout(20)


def assert_stays(page: Page, value: Callable[[], object]) -> None:
    """Let the page go on for more than the time between two polls; the value must not change."""
    before = value()
    end = time.monotonic() + _MOMENT_S
    while time.monotonic() < end:
        page.wait_for_timeout(20)
        assert value() == before
