"""Conditional requests and ranges (RFC 9110, sections 13 and 14). All of it takes linear time."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

# The next entity tag of a list, which may have empty elements.
_TAG: Final = re.compile(r'[ \t,]*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?=,|\Z)')
_RANGE: Final = re.compile(r"(\d*)-(\d*)", re.ASCII)
_WHITE_SPACE: Final = " \t"


def names_tag(header: str, tag: str, *, weakly: bool) -> bool:
    """Return whether a list of entity tags, or ``*``, names `tag`, which has no quotes and is strong if not `weakly`.

    Weak comparison is that of ``If-None-Match``, strong comparison that of ``If-Match``. A list ends at its first
    mistake.
    """
    if header.strip(_WHITE_SPACE) == "*":
        return True
    return any(found == tag and (weakly or not weak) for weak, found in _tags(header))


def is_unchanged(headers: Mapping[str, str], tag: str) -> bool:
    """Return whether ``If-None-Match`` names the present tag, so that the answer is 304."""
    return names_tag(headers.get("if-none-match", ""), tag, weakly=True)


def fails_match(headers: Mapping[str, str], tag: str) -> bool:
    """Return whether ``If-Match`` is there and does not name the present tag, so that the answer is 412."""
    header = headers.get("if-match")
    return header is not None and not names_tag(header, tag, weakly=False)


@attrs.frozen
class ByteRange:
    """The bytes from number `start` to number `end`, both included."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.end - self.start + 1


class UnsatisfiableRangeError(Exception):
    """The file has none of the bytes that ``Range`` asks for."""


def wanted_range(headers: Mapping[str, str], *, tag: str, length: int) -> ByteRange | None:
    """Return the one range of a file of `length` bytes that the request asks for; None asks for the whole file.

    A header that is not one valid range of bytes is ignored, as RFC 9110 allows: another unit, several ranges, or no
    range at all. So is every range if ``If-Range`` does not have the file's present strong tag. The file has no date,
    so a date in ``If-Range`` never names it.

    Raises:
        UnsatisfiableRangeError: the file has none of these bytes.
    """
    unit, _, ranges = headers.get("range", "").strip(_WHITE_SPACE).partition("=")
    found = _RANGE.fullmatch(ranges.strip(f"{_WHITE_SPACE},"))
    is_current = headers.get("if-range", f'"{tag}"').strip(_WHITE_SPACE) == f'"{tag}"'
    if unit.lower() != "bytes" or found is None or not is_current:
        return None
    first, last = found.groups()
    if first:
        start, end = _number(first), _number(last) if last else sys.maxsize
        if end < start:
            return None
    elif last:
        start, end = max(0, length - _number(last)), length - 1
        if length == 0 and _number(last) > 0:
            # All of an empty file, which `Content-Range` cannot name.
            return None
    else:
        return None
    if start >= length:
        raise UnsatisfiableRangeError
    return ByteRange(start, min(end, length - 1))


def _tags(header: str) -> Iterator[tuple[str | None, str]]:
    position = 0
    while found := _TAG.match(header, position):
        yield found[1], found[2]
        position = found.end()


def _number(digits: str) -> int:
    # No file has more bytes. Python refuses texts of thousands of digits, and would take long for them.
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) < len(str(sys.maxsize)) else sys.maxsize
