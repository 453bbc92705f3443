"""The page for security reviews names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
_NAMED: Final = re.compile(r"`((?:tests|examples)/[\w/]+\.py)::(\w+)`")


def missing(text: str) -> list[str]:
    """The tests that the text names and that do not exist."""
    return [
        f"{path}::{name}"
        for path, name in _NAMED.findall(text)
        if not (ROOT / path).is_file()
        or not re.search(rf"^ *def {name}\(", (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE)
    ]


def test_every_test_that_the_page_names_exists() -> None:
    assert len(_NAMED.findall(PAGE)) > 40
    assert missing(PAGE) == []


def test_missing_test_is_noticed() -> None:
    named = "`tests/unit/test_security_page.py::test_of_nothing`, `tests/unit/test_nothing.py::test_nothing`"
    assert missing(named) == [name.strip("`") for name in named.split(", ")]


def test_every_requirement_has_a_test_or_says_that_it_is_the_hosts() -> None:
    sections = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
    assert len(sections) > 20
    assert [each.splitlines()[0] for each in sections if not _NAMED.search(each) and "**Yours" not in each] == [
        "5.4.3 Malware (2)"
    ]
