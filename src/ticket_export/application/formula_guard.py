"""Keeps a spreadsheet from running what somebody typed into a ticket.

OWASP ASVS 1.2.10: a text cell that a spreadsheet would read as a formula gets a leading apostrophe. A spreadsheet may
split the file at another separator than the file's own, and then shows cells that begin inside a text: behind a
separator or a line break. `guard` looks at those places too. Nothing is deleted, and `unguard` returns the exact text.
"""

from __future__ import annotations

import re
from functools import lru_cache

import attrs

#: First characters that start a formula (or, for tab, CR and NUL, shift what follows into one),
#: with the full-width forms that some spreadsheets fold into them.
TRIGGERS = frozenset(
    "=+-@\t\r\x00\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)

#: Where spreadsheets split a record into cells.
SEPARATORS = frozenset(",;\t")

#: Where a program may see the end of a record: the line boundaries of `str.splitlines`.
LINE_BREAKS = frozenset("\n\r\x0b\x0c\x1c\x1d\x1e\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}")

#: Characters that do not keep the next one from being the first that counts, since a program may drop them from the
#: front of a cell: white space, control characters, what Unicode calls ignorable (``Default_Ignorable_Code_Point``),
#: the blank Braille pattern, and quotation marks, which may enclose a cell. No line break is among them: the cell that
#: begins behind it has a guard of its own.
INSIGNIFICANT = frozenset(
    chr(code)
    for first, last in (
        (0x01, 0x08),
        (0x0E, 0x1B),
        (0x1F, 0x20),
        (0x22, 0x22),
        (0x7F, 0x84),
        (0x86, 0xA0),
        (0xAD, 0xAD),
        (0x034F, 0x034F),
        (0x061C, 0x061C),
        (0x115F, 0x1160),
        (0x1680, 0x1680),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2000, 0x200F),
        (0x202A, 0x202F),
        (0x205F, 0x206F),
        (0x2800, 0x2800),
        (0x3000, 0x3000),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0),
        (0xFFF0, 0xFFFB),
        (0x1BCA0, 0x1BCA3),
        (0x1D173, 0x1D17A),
        (0xE0000, 0xE0FFF),
    )
    for code in range(first, last + 1)
)


def guard(text: str, *, delimiter: str = ",") -> str:
    """Return `text` with a ``'`` at each place where a spreadsheet may see a cell that begins with a trigger.

    Cells begin at the start of the text, behind a line break, and behind a separator that is not the file's own
    `delimiter`. A place that has apostrophes in front of a trigger already gets one more, so that `unguard` can tell.
    """
    return _rules(delimiter).guard(text)


def unguard(text: str, *, delimiter: str = ",") -> str:
    """Return the text that `guard` was given: ``unguard(guard(text)) == text`` for every text.

    A text that `guard` does not change comes back as it is, and so do numbers and dates. Every cell of an exported
    file can therefore be passed through this function.
    """
    return _rules(delimiter).unguard(text)


@attrs.frozen
class _Rules:
    starts: re.Pattern[str]
    guarded_starts: re.Pattern[str]

    def guard(self, text: str) -> str:
        guarded = self.starts.sub(r"\g<0>'", text)
        return f"'{guarded}" if _DANGEROUS.match(text) else guarded

    def unguard(self, text: str) -> str:
        unguarded = self.guarded_starts.sub(r"\1", text)
        return unguarded[1:] if text.startswith("'") and _DANGEROUS.match(text, 1) else unguarded


@lru_cache
def _rules(delimiter: str) -> _Rules:
    start = _one_of((SEPARATORS | LINE_BREAKS) - {delimiter})
    harmless, harmless_guarded = _harmless(behind=""), _harmless(behind="'")
    return _Rules(
        starts=re.compile(f"{start}(?={_DANGEROUS.pattern})(?!{harmless})"),
        guarded_starts=re.compile(f"({start})'(?={_DANGEROUS.pattern})(?!{harmless_guarded})"),
    )


def _one_of(characters: frozenset[str]) -> str:
    # As ranges: the regular expression engine compares with all members in turn where some are beyond U+FFFF.
    codes = sorted(map(ord, characters))
    firsts = [code for code in codes if code == 0 or chr(code - 1) not in characters]
    lasts = [code for code in codes if chr(code + 1) not in characters]
    return "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in zip(firsts, lasts, strict=True)) + "]"


def _harmless(*, behind: str) -> str:
    # Inside a text, a line break of two characters ends an empty line, and a tab behind a tab, or a CR behind a CR,
    # an empty cell if it ends cells at all.
    empty_line = f"(?:(?<=[,;\\t\\r]{behind})|(?<=\\r\\n{behind})){_FRONT}\\r\\n"
    return "|".join([empty_line, *(f"(?<={each}{behind}){_FRONT}{each}" for each in (r"\t", r"\r"))])


_FRONT = f"'*{_one_of(INSIGNIFICANT)}*"
_DANGEROUS = re.compile(f"{_FRONT}{_one_of(TRIGGERS)}")
