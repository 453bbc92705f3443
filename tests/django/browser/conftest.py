"""The fixtures of the browser tests."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.web.browser.browsers import LIMIT_MS, browser

__all__ = ["browser"]

expect.set_options(timeout=LIMIT_MS)
