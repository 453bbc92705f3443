"""How programs split a file of separated values into cells, written without looking at the library.

`quote_aware` is RFC 4180 as Excel and LibreOffice read it, with any number of separators at once: only a quotation mark
at the beginning of a cell encloses it, and what follows the closing one still belongs to the cell. `naive` knows no
quotation marks and drops them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import combinations

#: Every set of separators that a user can choose.
SEPARATOR_SETS = ["".join(chosen) for size in (1, 2, 3) for chosen in combinations(",;\t", size)]
TRIGGERS = frozenset("=+-@\t\r\x00\uff1d\uff0b\uff0d\uff20")


def all_cells(data: bytes, delimiter: str = ",") -> Iterator[str]:
    """The cells that some program may show of a file with this delimiter."""
    text = data.decode().removeprefix("\ufeff")
    for separators in SEPARATOR_SETS:
        yield from quote_aware(text, separators)
        if delimiter not in separators:
            yield from naive(text, separators)


def quote_aware(text: str, separators: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        cell = []
        if text[position] == '"':
            position += 1
            while position < len(text):
                if text[position] != '"':
                    cell.append(text[position])
                    position += 1
                elif text[position + 1 : position + 2] == '"':
                    cell.append('"')
                    position += 2
                else:
                    position += 1
                    break
        while position < len(text) and text[position] not in separators + "\r\n":
            cell.append(text[position])
            position += 1
        yield "".join(cell)
        position += 2 if text.startswith("\r\n", position) else 1


def naive(text: str, separators: str) -> Iterator[str]:
    for line in text.splitlines():
        yield from re.split(f"[{separators}]", line.replace('"', ""))


def is_formula(cell: str, delimiter: str = ",") -> bool:
    """Whether a program may take the cell for a formula, or shift what follows into one.

    Where the file's delimiter is a tab, one that a program does not split at may be a part of a cell; what follows it
    is a cell of the file.
    """
    triggers = TRIGGERS - {delimiter}
    return next((char for char in cell if char in triggers or not is_unseen(char)), "") in triggers


def is_unseen(char: str) -> bool:
    """White space, control characters and marks without width."""
    category = unicodedata.category(char)
    if category == "Cf":
        # Some signs of a script are seen, though Unicode calls them format characters.
        return not unicodedata.name(char).startswith(("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN")) or char == "\u061c"
    return category in {"Cc", "Zs", "Zl", "Zp"} or unicodedata.name(char, "").endswith(
        ("HANGUL FILLER", "JUNGSEONG FILLER", "CHOSEONG FILLER")
    )
