"""The fixtures of the browser tests."""

from __future__ import annotations

from tests.web.browser.browsers import browser, context, page

__all__ = ["browser", "context", "page"]
