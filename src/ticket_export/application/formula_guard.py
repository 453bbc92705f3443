"""The guard against formulas: a spreadsheet must not run text that a user typed into a ticket.

OWASP ASVS 1.2.10: a text cell that a spreadsheet would read as a formula gets a leading apostrophe. A spreadsheet may
split the file at another separator than the file's own. Then cells begin inside a text, behind a separator or a line
break, and `guard` guards these places too. It deletes nothing, and `unguard` returns the exact text.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: First characters that start a formula, or, as tab, CR and NUL, may let the next character start one; with the
#: full-width forms that some spreadsheets treat in the same way.
TRIGGERS = frozenset(
    "=+-@\t\r\x00\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)

#: Characters at which spreadsheets split a record into cells.
SEPARATORS = frozenset(",;\t")

#: Characters at which a program may end a record: the line boundaries of `str.splitlines`.
LINE_BREAKS = frozenset("\n\r\x0b\x0c\x1c\x1d\x1e\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}")

_INSIGNIFICANT_CODES = (
    "01-08 0e-1b 1f-20 22 7f-84 86-a0 ad 34f 61c 115f-1160 1680 17b4-17b5 180b-180f 2000-200f 202a-202f 205f-206f 2800 "
    "3000 3164 fe00-fe0f feff ffa0 fff0-fffb 1bca0-1bca3 1d173-1d17a e0000-e0fff"
)
#: Characters that a program may drop from the front of a cell, so that the next one is the first: white space, control
#: characters, Unicode's ignorable ones (``Default_Ignorable_Code_Point``), the blank Braille pattern, and quotation
#: marks, which may enclose a cell. Line breaks are not among them: the cell behind one has a guard of its own.
INSIGNIFICANT = frozenset(
    chr(code)
    for first, _, last in (codes.partition("-") for codes in _INSIGNIFICANT_CODES.split())
    for code in range(int(first, 16), int(last or first, 16) + 1)
)


def guard(text: str, *, delimiter: str = ",") -> str:
    """Return `text` with a ``'`` at each place where a spreadsheet may see a cell that begins with a trigger.

    Cells begin at the start of the text, behind a line break, and behind a separator other than the file's own
    `delimiter`. A trigger that has apostrophes in front of it gets one more, so that `unguard` can remove it.
    """
    starts, _ = _starts(delimiter)
    guarded = starts.sub(r"\g<0>'", text)
    return f"'{guarded}" if _DANGEROUS.match(text) else guarded


def unguard(text: str, *, delimiter: str = ",") -> str:
    """Return the text that `guard` was given: ``unguard(guard(text)) == text`` for every text.

    A text that `guard` does not change stays as it is, and so do numbers and dates. You can therefore pass every cell
    of an exported file to this function.
    """
    _, guarded_starts = _starts(delimiter)
    unguarded = guarded_starts.sub(r"\1", text)
    return unguarded[1:] if text.startswith("'") and _DANGEROUS.match(text, 1) else unguarded


@lru_cache
def _starts(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    start = _one_of((SEPARATORS | LINE_BREAKS) - {delimiter})
    harmless, harmless_guarded = _harmless(behind=""), _harmless(behind="'")
    return (
        re.compile(f"{start}(?={_DANGEROUS.pattern})(?!{harmless})"),
        re.compile(f"({start})'(?={_DANGEROUS.pattern})(?!{harmless_guarded})"),
    )


def _one_of(characters: frozenset[str]) -> str:
    # As ranges: with members beyond U+FFFF, the regular expression engine compares with one member after the other.
    codes = sorted(map(ord, characters))
    firsts = [code for code in codes if code == 0 or chr(code - 1) not in characters]
    lasts = [code for code in codes if chr(code + 1) not in characters]
    return "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in zip(firsts, lasts, strict=True)) + "]"


def _harmless(*, behind: str) -> str:
    # Inside a text, a line break of two characters ends an empty line. A tab behind a tab, or a CR behind a CR, ends an
    # empty cell, if it ends cells at all.
    empty_line = f"(?:(?<=[,;\\t\\r]{behind})|(?<=\\r\\n{behind})){_FRONT}\\r\\n"
    return "|".join([empty_line, *(f"(?<={each}{behind}){_FRONT}{each}" for each in (r"\t", r"\r"))])


_FRONT = f"'*{_one_of(INSIGNIFICANT)}*"
_DANGEROUS = re.compile(f"{_FRONT}{_one_of(TRIGGERS)}")
