"""The text of a number in a file; it is the same from every source."""

from __future__ import annotations

import math
import re
from decimal import Decimal

# A double has 15 safe digits. PostgreSQL writes an exponent for more digits before the point or more than three zeros
# after it: https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-FLOAT
_DIGITS = 15
_SMALLEST_EXPONENT = -4
_DECIMAL = re.compile(r"[+-]?[0-9]{1,1000}(\.[0-9]{1,1000})?")


def number_cell(stored: str | int | float | Decimal, *, is_float: bool, scale: int) -> int | float | Decimal | str:
    """Return a stored value of a number column as the cell of a file; a `Decimal` has the decimals that are shown.

    SQLite may keep a long number as text, so a text that is a decimal number is a number. Another text is returned
    unchanged.
    """
    if isinstance(stored, str):
        if not _DECIMAL.fullmatch(stored):
            return stored
        stored = Decimal(stored)
    if is_float:
        return float(stored)
    return stored if isinstance(stored, int) and not scale else Decimal(decimal_text(stored, scale))


def number_text(number: int | float | Decimal) -> str:
    """Return the text of a cell of a number column."""
    if isinstance(number, float):
        return float_text(number)
    if isinstance(number, Decimal):
        return f"{number:f}" if number.is_finite() else float_text(float(number))
    return str(number)


def float_text(number: float) -> str:
    """Return a float as PostgreSQL writes a ``double precision``: ``2``, ``0.1``, ``1e+16``, ``Infinity``.

    These are the fewest digits that identify the number. Minus zero is ``0``, since SQLite does not store it.
    """
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    shortest = Decimal(repr(number)).normalize()
    magnitude = shortest.adjusted()
    if _SMALLEST_EXPONENT <= magnitude < _DIGITS:
        return f"{shortest:f}"
    return f"{shortest.scaleb(-magnitude):f}e{magnitude:+03d}"


def decimal_text(number: int | float | Decimal, scale: int = 0) -> str:
    """Return a decimal number without an exponent, with at least `scale` decimals and no more zeros.

    A float is the decimal number that its ``repr`` shows.
    """
    number = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    if not number.is_finite():
        return float_text(float(number))
    whole, _, fraction = f"{number:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(scale, "0")
    text = f"{whole}.{fraction}" if fraction else whole
    return text.removeprefix("-") if number == 0 else text
