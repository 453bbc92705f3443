"""The fixtures of the browser tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.web.browser.browsers import LIMIT_MS, browser, context, page
from tests.web.browser.fake_desk import FakeDesk, running_desk
from tests.web.browser.served_desk import served_desk

__all__ = ["browser", "context", "page", "served_desk"]

expect.set_options(timeout=LIMIT_MS)


@pytest.fixture
def desk() -> Iterator[FakeDesk]:
    with running_desk() as desk:
        yield desk
