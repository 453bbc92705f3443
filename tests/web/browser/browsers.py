"""Debian's Chromium, driven by Playwright; a test fails on every error that a page reports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.programs import require_program

#: Also the limit of each wait in a page.
LIMIT_MS: Final = 30_000
_PLACE: Final = {"locale": "en-GB", "timezone_id": "Europe/Berlin"}
_ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
# Chromium reports every response from 400 on and every lost connection this way; tests cause these.
_EXPECTED: Final = "Failed to load resource"
_REPORT_VIOLATIONS: Final = """
    document.addEventListener("securitypolicyviolation", (event) =>
        console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


# Not for the session: while Playwright runs, its event loop is the running loop of this thread, and asyncio.run fails.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Start Chromium; skip or fail the test where there is none (`require_program`)."""
    program = require_program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS, timeout=60_000)
        yield browser
        browser.close()


@contextmanager
def watched_context(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """Open a browser profile; at the end, no page of it may have reported an error or a CSP violation."""
    with _watched(browser.new_context(**{**_PLACE, **options})) as context:
        yield context


@contextmanager
def watched_profile(
    browser: Browser, folder: Path, settings: Mapping[str, object], *arguments: str, **options: Any
) -> Iterator[BrowserContext]:
    """Start another Chromium, whose user has changed these of its settings, with a profile in the empty folder."""
    (folder / "Default").mkdir()
    (folder / "Default" / "Preferences").write_text(json.dumps(settings), encoding="utf-8")
    program = require_program("chromium")
    context = browser.browser_type.launch_persistent_context(
        folder, executable_path=program, args=[*_ARGUMENTS, *arguments], timeout=60_000, **{**_PLACE, **options}
    )
    with _watched(context):
        yield context


@contextmanager
def _watched(context: BrowserContext) -> Iterator[BrowserContext]:
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_EXPECTED):
            errors.append(message.text)

    context.set_default_timeout(LIMIT_MS)
    context.add_init_script(_REPORT_VIOLATIONS)
    context.on("console", note)
    context.on("weberror", lambda each: errors.append(str(each.error)))
    try:
        yield context
        assert errors == []
    finally:
        context.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with watched_context(browser, viewport={"width": 900, "height": 700}) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
