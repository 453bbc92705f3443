"""Every promise of docs/reference/views.md ends in a link to its test, and each link leads to a test that exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "views.md"
_DEFINITION = re.compile(r'^\[(?P<label>[^]]+)\]: (?P<path>\S+) "(?P<test>[^"]+)"$', re.MULTILINE)
_LINK = re.compile(r"\[✓\]\[(?P<label>[^]]+)\]")
_CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
# They promise nothing of a file: what the page is for, where to read on, and what nobody can promise.
_NO_PROMISE = (
    "After this page",
    "`python -m benchmarks.requests`",
    "A spreadsheet that opens a CSV file guesses",
    "[Choose a file format]",
    "The limits are the databases' own:",
    "- The pairs of capital and small letters",
    "- A decimal number on SQLite",
    "For a column of type `text[]`",
)
_TEXT = PAGE.read_text(encoding="utf-8")


def definitions(text: str) -> dict[str, tuple[Path, str]]:
    return {found["label"]: (PAGE.parent / found["path"], found["test"]) for found in _DEFINITION.finditer(text)}


def blocks(text: str) -> Iterator[str]:
    """The paragraphs, list items and rows of tables, each without its line breaks."""
    for part in re.split(r"\n\s*\n|\n(?=- |\|)", _DEFINITION.sub("", _CODE.sub("", text))):
        block = " ".join(part.split())
        is_head_of_table = re.fullmatch(r"\|[-| ]+\||\| (key \||what \||kind \|).*", block)
        if block and not block.startswith("#") and not is_head_of_table:
            yield block


@cache
def names_of_tests(path: Path) -> frozenset[str]:
    """The names of the tests in a file, those of a class behind the name of the class."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    names = {each.name for each in module.body if isinstance(each, ast.FunctionDef)}
    for group in module.body:
        if isinstance(group, ast.ClassDef):
            names |= {f"{group.name}::{each.name}" for each in group.body if isinstance(each, ast.FunctionDef)}
    return frozenset(name for name in names if name.rpartition(":")[2].startswith("test_"))


def broken_links(text: str) -> list[str]:
    """What is wrong with the links of the page."""
    defined = definitions(text)
    linked = {found["label"] for found in _LINK.finditer(text)}
    problems = [f"{label}: no definition" for label in sorted(linked - set(defined))]
    problems += [f"{label}: no link" for label in sorted(set(defined) - linked)]
    for label, (path, test) in defined.items():
        if not path.is_file():
            problems.append(f"{label}: no file {path}")
        elif test not in names_of_tests(path):
            problems.append(f"{label}: no test {test} in {path}")
    return problems


def without_link(text: str) -> list[str]:
    """The promises that do not end in a link."""
    ends = re.compile(r"\[✓\]\[[^]]+\][:.]?( \|)?$")
    return [block for block in blocks(text) if not block.startswith(_NO_PROMISE) and not ends.search(block)]


def test_every_link_leads_to_a_test() -> None:
    assert broken_links(_TEXT) == []


def test_every_promise_ends_in_a_link() -> None:
    assert without_link(_TEXT) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"test_search_is_trimmed"', '"test_search_is_not_there"', "trimmed: no test test_search_is_not_there"),
        ("/test_costly_views.py", "/test_no_such_file.py", "trimmed: no file"),
        ("[✓][trimmed]", "", "trimmed: no link"),
        ("[trimmed]: ", "[cut]: ", "trimmed: no definition"),
    ],
)
def test_link_that_leads_nowhere_is_noticed(old: str, new: str, problem: str) -> None:
    assert old in _TEXT
    assert any(each.startswith(problem) for each in broken_links(_TEXT.replace(old, new)))


def test_promise_without_a_link_is_noticed() -> None:
    promise = "- **Links** are promised."
    assert without_link(f"{_TEXT}\n\n{promise}\n") == [promise]
