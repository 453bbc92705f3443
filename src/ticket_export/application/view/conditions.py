"""The conditions that a ticket source translates; every filter becomes one of them.

A negated condition holds for empty cells too: an empty cell does not equal "x".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias
from uuid import UUID

import attrs

from ticket_export.application.view.ticket_column import TicketColumn


def fold(text: str) -> str:
    """Return `text` in lower case, with one form of the small sigma.

    Greek writes a sigma at the end of a word as another letter. Without this rule, a word would not be found at the
    start of a longer one.
    """
    return text.lower().replace("\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}")


class TextPosition(Enum):
    """The place in a cell where a needle must be."""

    WHOLE = "whole"
    ANYWHERE = "anywhere"
    START = "start"
    END = "end"


#: One of ``gt``, ``ge``, ``lt`` and ``le`` of the module `operator`.
Comparison: TypeAlias = Callable[[Any, Any], Any]


@attrs.frozen
class TextMatches:
    """The cell holds one of `needles` at `position`, both folded by `fold`."""

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
    """``comparison(cell, number)`` is true."""

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
    """The cell's moment is in one of `intervals`; no moment is in an empty list.

    There are several intervals where clocks go back, since a zone then shows some local times twice.
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
    """The cell is `value`; an empty cell is neither true nor false."""

    column: TicketColumn
    value: bool


@attrs.frozen
class IsEmpty:
    """The cell is NULL or, where it is text, the empty string."""

    column: TicketColumn
    negated: bool = False


Condition: TypeAlias = TextMatches | IsOneOf | NumberCompares | WithinIntervals | WithinDays | IsBoolean | IsEmpty
