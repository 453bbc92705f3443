"""Makes the texts of a worksheet into texts that a workbook can hold."""

from __future__ import annotations

import re
from typing import Final

from ticket_export.application.formats.xlsx_rows import MARKED_TEXT, TEXT, TEXT_END

#: Excel's limit of a cell, in UTF-16 code units.
MOST_UNITS: Final = 32_767

_MARK: Final = MARKED_TEXT.encode()
_MARKED: Final = re.compile(re.escape(_MARK) + b"([^<]*)")
_TEXT: Final = re.compile(re.escape(TEXT.encode()) + b"([^<]*)" + re.escape(TEXT_END.encode()))

# XML 1.0 (https://www.w3.org/TR/xml/#charsets) has no control characters but tab, line feed and carriage return.
_FORBIDDEN_BYTES: Final = bytes(set(range(0x20)) - set(b"\t\n\r"))
_ALLOWED_BYTES: Final = bytes(set(range(0x100)) - set(_FORBIDDEN_BYTES))
_FORBIDDEN: Final = re.compile(b"[%b]|\xef\xbf[\xbe\xbf]" % re.escape(_FORBIDDEN_BYTES))
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}".encode()

# ECMA-376, part 1, 22.9.2.19 (ST_Xstring): ``_x0041_`` stands for A. An underscore that would begin such a group is
# written as one. Groups may overlap in an underscore.
_GROUP: Final = re.compile(b"_(?=x[0-9A-Fa-f]{4}_)")


# A byte is rare if it is at most one of so many.
_RARE: Final = 1_000


class WorksheetTexts:
    """Repairs the texts of rows, and counts the cells that it had to change.

    `cut` counts the texts that were cut to `MOST_UNITS`, `replaced` those with characters that XML 1.0 forbids, each
    of which becomes U+FFFD. Escapes change no text, so they do not count.
    """

    def __init__(self) -> None:
        self.cut = self.replaced = 0

    def __call__(self, rows: bytes) -> bytes:
        """Return rows of `worksheet_rows` with every text as a reader of XML and of workbooks gets it."""
        # Almost every block of rows needs only the searches.
        if _MARK in rows:
            rows = _MARKED.sub(self._fitting, rows)
        if rows.translate(None, _ALLOWED_BYTES) or _holds(rows, b"\xef", (b"\xbf\xbe", b"\xbf\xbf")):
            rows = self._without_forbidden(rows)
        if _holds(rows, b"_", (b"x",)):
            rows = _GROUP.sub(b"_x005F_", rows)
        # The end of a CDATA section may not be in a text; a reader makes a line feed of a carriage return.
        if _holds(rows, b"]", (b"]>",)):
            rows = rows.replace(b"]]>", b"]]&gt;")
        return rows.replace(b"\r", b"&#13;")

    def _fitting(self, match: re.Match[bytes]) -> bytes:
        text = match[1].decode().replace("&lt;", "<").replace("&amp;", "&")
        fitting = _cut(text)
        self.cut += fitting != text
        return (TEXT + fitting.replace("&", "&amp;").replace("<", "&lt;")).encode()

    def _without_forbidden(self, rows: bytes) -> bytes:
        self.replaced += sum(_FORBIDDEN.search(match[1]) is not None for match in _TEXT.finditer(rows))
        return _FORBIDDEN.sub(_REPLACEMENT, rows)


def _holds(rows: bytes, first: bytes, then: tuple[bytes, ...]) -> bool:
    """Return whether `first`, one byte, is followed by one of `then`."""
    # The search for one byte takes a hundredth of the time, unless the byte is frequent.
    if rows.count(first) > len(rows) // _RARE:
        return any(first + each in rows for each in then)
    place = rows.find(first)
    while place >= 0 and not rows.startswith(then, place + 1):
        place = rows.find(first, place + 1)
    return place >= 0


def _cut(text: str) -> str:
    # A pair of surrogates stays whole.
    return text.encode("utf-16-le")[: 2 * MOST_UNITS].decode("utf-16-le", "ignore")
