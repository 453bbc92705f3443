"""The parts of the pages that the tests use."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


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
