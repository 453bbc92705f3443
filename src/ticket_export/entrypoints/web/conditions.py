"""Conditional requests and ranges (RFC 9110, sections 13 and 14). All of it takes linear time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import attrs

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
# One range of bytes. Several of them are a list, and a list is answered with the whole file.
_RANGE: Final = re.compile(r"bytes\s*=[\s,]*(\d{0,19})\s*-\s*(\d{0,19})[\s,]*", re.ASCII | re.IGNORECASE)


def names_tag(header: str, tag: str, *, weakly: bool) -> bool:
    """Return whether a list of entity tags, or ``*``, names `tag`, which has no quotes and is strong if not `weakly`.

    Weak comparison is that of ``If-None-Match``, strong comparison that of ``If-Match``.
    """
    if header.strip() == "*":
        return True
    return any(found == tag and (weakly or not weak) for weak, found in _TAG.findall(header))


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

    A header that is not one valid range of bytes is ignored, as RFC 9110 allows, and so is every range if ``If-Range``
    does not have the file's present strong tag.

    Raises:
        UnsatisfiableRangeError: the file has none of these bytes.
    """
    header = headers.get("range")
    if header is None or headers.get("if-range", f'"{tag}"').strip() != f'"{tag}"':
        return None
    found = _RANGE.fullmatch(header.strip())
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, length - int(last)), length - 1
    else:
        start, end = int(first), min(int(last or length), length - 1)
        if last and int(last) < start:
            return None
    if start > end:
        raise UnsatisfiableRangeError
    return ByteRange(start, end)
