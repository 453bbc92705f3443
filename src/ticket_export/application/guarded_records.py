"""The formula guard on many cells at once, in the bytes of a file.

`guard` changes a text and the bytes of that text in CSV in the same way, since it ignores quotation marks, doubled or
not. A whole block of records is therefore searched for the places that need a guard. Most of the time goes into that
search: docs/decisions/0022-the-guard-reads-what-copy-sends.md compares its forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from ticket_export.application.formula_guard import INSIGNIFICANT, LINE_BREAKS, SEPARATORS, TRIGGERS


def guard_records(records: bytes, is_text: Sequence[bool], *, delimiter: str = ",") -> bytes:
    """Return whole records of CSV with the guard in every cell that needs it.

    `is_text` tells for each column whether its cells are texts; a negative number in another column stays as it is.
    """
    # With a line feed in front, the first record begins like all others.
    records = b"\n" + records
    own = delimiter.encode()
    cells = _Cells(records, is_text, own)
    pieces, done, seen, quotes = [], 1, 0, 0
    for start in sorted(_starts(records, _searches(SEPARATORS | LINE_BREAKS, delimiter))):
        quotes += records.count(b'"', seen, start)
        seen = start
        separator = records[start - 1 : start]
        if delimiter in TRIGGERS and _ends_at_delimiter(records, start, quotes, own):
            continue
        if quotes % 2 == 0 and separator in own + b"\n":
            if cells.is_number(start):
                continue
            begin = start + records.startswith(b'"', start)
        elif separator == own or _is_empty(records, start):
            continue
        else:
            begin = start
        pieces.append(records[done:begin])
        done = begin
    pieces.append(records[done:])
    return b"'".join(pieces)


class _Cells:
    """The cells of a block, counted from front to back to find those of number columns."""

    def __init__(self, records: bytes, is_text: Sequence[bool], delimiter: bytes) -> None:
        self._records = records
        self._delimiter = delimiter
        self._is_text = is_text
        self._has_numbers = not all(is_text)
        self._before = self._counted = 0

    def is_number(self, start: int) -> bool:
        """Return whether the cell at `start` holds a negative number in a column of numbers."""
        found = self._has_numbers and _NEGATIVE_NUMBER.match(self._records, start)
        if not found or self._records[found.end() : found.end() + 1] not in {self._delimiter, b"\n"}:
            return False
        # Every second part is outside of quotation marks. The line feed in front is one too many.
        outside = self._records[self._counted : start].split(b'"')[::2]
        self._before += sum(part.count(self._delimiter) + part.count(b"\n") for part in outside)
        self._counted = start
        return not self._is_text[(self._before - 1) % len(self._is_text)]


def _starts(records: bytes, searches: Iterable[tuple[bytes, re.Pattern[bytes]]]) -> Iterator[int]:
    """Yield the beginnings of cells that need a guard, by one separator after the other."""
    for first, search in searches:
        if first in records:
            for found in search.finditer(records):
                if found.lastindex is None or _TRIGGER.match(records, _significant(records, found.end())):
                    yield found.end()


def _significant(records: bytes, start: int) -> int:
    """Return the place of the first significant character at or after `start`."""
    place = start
    step = _OPENING.match(records, place)
    while step:
        place = step.end()
        step = _INSIGNIFICANT.match(records, place)
    return place


def _ends_at_delimiter(records: bytes, start: int, quotes: int, delimiter: bytes) -> bool:
    """Return whether the trigger behind `start`, with so many quotation marks in front, is the delimiter: a tab."""
    place = _significant(records, start)
    return records.startswith(delimiter, place) and (quotes + records.count(b'"', start, place)) % 2 == 0


def _is_empty(records: bytes, start: int) -> bool:
    """Return whether a separator or CR inside a text only ends an empty line or cell; see `guard`."""
    separator = records[start - 1 : start]
    place = _significant(records, start)
    if records.startswith(b"\r\n", place):
        return separator in b",;\t\r" or records.endswith(b"\r\n", 0, start)
    return separator in b"\t\r" and records.startswith(separator, place)


@cache
def _searches(separators: frozenset[str], delimiter: str) -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
    """Return the first byte and the search of each separator, or of several that differ only in their last byte."""
    # A search for one known first byte is several times as fast as one for several.
    ascii_ones = sorted(each.encode() for each in separators if each.isascii())
    # Behind the delimiter, another one ends an empty cell. A tab is a trigger too.
    empty = {delimiter.encode(): b"(?!%b)" % delimiter.encode()} if delimiter in TRIGGERS else {}
    patterns = [(each, re.escape(each) + empty.get(each, b"")) for each in ascii_ones]
    others = _by_first_bytes(each for each in separators if not each.isascii())
    patterns += [(first[:1], first + last) for first, last in others.items()]
    needs_guard = _needs_guard(delimiter)
    return tuple((first, re.compile(pattern + needs_guard)) for first, pattern in patterns)


def _by_first_bytes(characters: Iterable[str]) -> Mapping[bytes, bytes]:
    """Return regular expressions for the last byte of the characters, by the bytes before it."""
    last: dict[bytes, bytes] = {}
    for encoded in sorted(character.encode() for character in characters):
        last[encoded[:-1]] = last.get(encoded[:-1], b"") + re.escape(encoded[-1:])
    return {first: b"[%b]" % each for first, each in last.items()}


def _one_of(characters: Iterable[str]) -> bytes:
    return b"|".join(first + last for first, last in _by_first_bytes(characters).items())


_ASCII = frozenset(map(chr, range(128)))
_LONG = (TRIGGERS | INSIGNIFICANT) - _ASCII
# Matches everywhere.
_OPENING = re.compile(b"\"?'*")
_INSIGNIFICANT = re.compile(_one_of(INSIGNIFICANT))
_TRIGGER = re.compile(_one_of(TRIGGERS))
_SHORT_TRIGGER = _one_of(TRIGGERS & _ASCII)


# Nearly always the next byte shows that there is nothing to guard. For a character of several bytes (the group),
# `_significant` decides: a regular expression that repeats such characters would take memory for each of them.
def _needs_guard(delimiter: str) -> bytes:
    return rb"(?=%b*(?:%b|[%b]))(?!(?:(?<=[%b\t\r])|(?<=\r\n))\r\n)(?=\"?'*%b*(?:%b|(%b)))" % (
        _one_of(INSIGNIFICANT & _ASCII | {"'"}),
        _SHORT_TRIGGER,
        b"".join(sorted({each.encode()[:1] for each in _LONG})),
        "".join(sorted(SEPARATORS - {delimiter})).encode(),
        _one_of(INSIGNIFICANT & _ASCII),
        _SHORT_TRIGGER,
        _one_of(_LONG),
    )


# A moment or day of PostgreSQL may be ``-infinity`` too.
_NEGATIVE_NUMBER = re.compile(rb"-(?:[0-9.]+(?:[eE][+-]?[0-9]+)?|[Ii]nfinity)")
