"""The few shapes to which every filter comes down; a ticket source translates just these.

A negated condition holds for empty cells too: what is blank does not equal "x".
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TypeAlias
from uuid import UUID

import attrs

from ticket_export.application.view.ticket_column import TicketColumn


def fold(text: str) -> str:
    """`text` in lower case, with one small sigma.

    Greek writes a sigma at a word's end as another letter, so that a word in lower case would not be
    found at the start of a longer one.
    """
    return text.lower().replace("\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}")


class TextPosition(Enum):
    """Where a text must hold another."""

    WHOLE = "whole"
    ANYWHERE = "anywhere"
    START = "start"
    END = "end"


class Comparison(Enum):
    """How a number must compare."""

    GREATER = "gt"
    GREATER_OR_EQUAL = "gte"
    LESS = "lt"
    LESS_OR_EQUAL = "lte"


@attrs.frozen
class TextMatches:
    """The cell holds one of `needles` at `position`, both folded (`text_folding.fold`)."""

    column: TicketColumn
    position: TextPosition
    needles: tuple[str, ...]
    negated: bool = False


@attrs.frozen
class IsOneOf:
    """The cell is exactly one of `values`."""

    column: TicketColumn
    values: tuple[int | Decimal, ...] | tuple[str, ...] | tuple[UUID, ...]
    negated: bool = False


@attrs.frozen
class NumberCompares:
    """The cell is greater or less than `number`."""

    column: TicketColumn
    comparison: Comparison
    number: int | Decimal


@attrs.frozen
class Interval:
    """All moments at or after `start` and before `end`, both aware UTC; None leaves that side open."""

    start: datetime | None
    end: datetime | None


@attrs.frozen
class WithinIntervals:
    """The cell's moment is in one of `intervals`; in none, if there are none.

    There are several where clocks go back: a local time, or day, may then be shown twice.
    """

    column: TicketColumn
    intervals: tuple[Interval, ...]


@attrs.frozen
class WithinDays:
    """The cell's day is at or after `first` and at or before `last`; None leaves that side open."""

    column: TicketColumn
    first: date | None
    last: date | None


@attrs.frozen
class IsBoolean:
    """The cell is `value`; an empty cell is neither."""

    column: TicketColumn
    value: bool


@attrs.frozen
class IsEmpty:
    """The cell is NULL or, where it is text, the empty string."""

    column: TicketColumn
    negated: bool = False


Condition: TypeAlias = TextMatches | IsOneOf | NumberCompares | WithinIntervals | WithinDays | IsBoolean | IsEmpty
