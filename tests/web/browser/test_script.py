"""ticket-export.js is small, and uses nothing that a strict content security policy or privacy rule forbids."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.web.browser.fake_desk import SCRIPT

_LIMIT: Final = 20_000
_FORBIDDEN: Final = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function"
    r"|localStorage|sessionStorage|indexedDB|\.cookie|cookieStore"
    r"|cssText|setAttribute\(\s*[\"']style|\bstyle\s*[:=]|set(?:Timeout|Interval)\(\s*[\"'`]|https?://"
)


def test_script_is_under_20_kilobytes() -> None:
    assert len(SCRIPT) < _LIMIT


def test_script_parses_html_only_inertly_and_stores_nothing() -> None:
    source = SCRIPT.decode()
    assert "DOMParser" in source
    assert _FORBIDDEN.findall(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "place.innerHTML = text",
        "eval(text)",
        "localStorage.setItem('a', 'b')",
        "document.cookie = 'a=b'",
        "row.setAttribute('style', 'top: 0')",
        "make('p', { style: 'top: 0' })",
        "setTimeout('go()', 1)",
        "import 'https://cdn.example/x.js'",
    ],
)
def test_forbidden_call_is_found(source: str) -> None:
    assert _FORBIDDEN.search(source)
