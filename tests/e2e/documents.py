"""The code blocks of the documents, with where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(r"^( *)(```+|~~~+) *([^`]*)$")
_ITEM = re.compile(r"^ *([-*+]|\d+\.) ")


@attrs.frozen
class Block:
    """`marker` is what follows the fence, or ``indented`` where four blanks make the block."""

    page: Path
    line: int
    marker: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}-{self.marker or 'unmarked'}"


def blocks(page: Path) -> list[Block]:
    """All code blocks of a page, in order."""
    return list(_blocks(page, page.read_text(encoding="utf-8")))


def _blocks(page: Path, text: str) -> Iterator[Block]:
    lines = enumerate(text.splitlines(keepends=True), start=1)
    was_blank, in_list = True, False
    for number, line in lines:
        if fence := _FENCE.match(line.rstrip("\n")):
            indent, ticks, marker = fence.groups()
            body = []
            for _, inner in lines:
                if inner.strip() == ticks:
                    break
                body.append(inner.removeprefix(indent))
            yield Block(page, number, marker.strip(), "".join(body))
            was_blank = False
            continue
        if line.startswith("    ") and line.strip() and was_blank and not in_list:
            yield Block(page, number, "indented", line)
        if line.strip() and not line.startswith(" "):
            in_list = bool(_ITEM.match(line))
        was_blank = not line.strip()
