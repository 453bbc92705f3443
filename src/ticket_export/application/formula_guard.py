"""Keeps a spreadsheet from running what somebody typed into a ticket.

OWASP ASVS 1.2.10: a text cell that a spreadsheet would read as a formula gets a leading apostrophe.
Nothing is deleted, so whoever strips one leading ``'`` has the text back.
"""

from __future__ import annotations

#: First characters that start a formula (or, for tab, CR and NUL, shift what follows into one),
#: with the full-width forms that some spreadsheets fold into them.
TRIGGERS = frozenset(
    "=+-@\t\r\x00\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)

#: Characters that a spreadsheet may drop from the front of a cell before it looks: Unicode's white
#: space, and the marks that take no room, those of writing direction included. What stands after
#: them decides.
INSIGNIFICANT = frozenset("\n\x0b\x0c\x1c\x1d\x1e\x1f \x85\xa0\xad\u061c\u1680\u180e\u3000\ufeff") | frozenset(
    map(chr, [*range(0x2000, 0x2010), *range(0x2028, 0x2030), *range(0x205F, 0x2065), *range(0x2066, 0x2070)])
)

#: A cell that begins with none of these needs no second look; sources use it as a cheap first test.
SUSPECTS = TRIGGERS | INSIGNIFICANT

_INSIGNIFICANT_TEXT = "".join(INSIGNIFICANT)


def guard(text: str) -> str:
    """`text`, with a leading ``'`` if its first significant character could start a formula."""
    if text[:1] not in SUSPECTS:
        return text
    significant = text.lstrip(_INSIGNIFICANT_TEXT)
    return f"'{text}" if significant[:1] in TRIGGERS else text
