"""Whether an in-memory ticket is in a view."""

from __future__ import annotations

import math
import operator
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeGuard

from ticket_export.application.conditions import (
    Comparison,
    Condition,
    Interval,
    IsBoolean,
    IsEmpty,
    IsOneOf,
    NumberCompares,
    TextMatches,
    TextPosition,
    WithinDays,
    WithinIntervals,
)
from ticket_export.application.text_folding import fold
from ticket_export.infrastructure.memory.ticket_cells import CellValue, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from ticket_export.application.ticket_query import TicketQuery
    from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket

_POSITIONS: dict[TextPosition, Callable[[str, str], bool]] = {
    TextPosition.WHOLE: operator.eq,
    TextPosition.ANYWHERE: operator.contains,
    TextPosition.START: str.startswith,
    TextPosition.END: str.endswith,
}
_COMPARISONS: dict[Comparison, Callable[[int | float | Decimal, int | Decimal], bool]] = {
    Comparison.GREATER: operator.gt,
    Comparison.GREATER_OR_EQUAL: operator.ge,
    Comparison.LESS: operator.lt,
    Comparison.LESS_OR_EQUAL: operator.le,
}


def is_shown(ticket: InMemoryTicket, query: TicketQuery) -> bool:
    """Whether the ticket was there at the query's moment and meets all it asks."""
    if ticket.created_at > query.as_of:
        return False
    if ticket.deleted_at is not None and ticket.deleted_at <= query.as_of:
        return False
    if not all(holds(condition, ticket.values.get(condition.column.name)) for condition in query.conditions):
        return False
    search = query.search
    return search is None or any(
        search.needle in fold(text_of(ticket.values.get(column.name))) for column in search.columns
    )


def holds(condition: Condition, value: CellValue) -> bool:
    """Whether a cell meets the condition."""
    match condition:
        case IsEmpty(column=column, negated=negated):
            empty = value is None or (column.is_text and text_of(value) == "")
            return empty is not negated
        case IsBoolean(value=wanted):
            return value is wanted
        case NumberCompares(comparison=comparison, number=number):
            return isinstance(value, (int, float, Decimal)) and _compares(value, comparison, number)
        case WithinIntervals(intervals=intervals):
            return isinstance(value, datetime) and any(_is_in(each, value) for each in intervals)
        case WithinDays(first=first, last=last):
            return _is_day(value) and (first is None or value >= first) and (last is None or value <= last)
        case TextMatches(position=position, needles=needles, negated=negated):
            if value is None:
                return negated
            text = fold(text_of(value))
            return any(_POSITIONS[position](text, needle) for needle in needles) is not negated
        case IsOneOf(values=values, negated=negated):  # pragma: no branch - there are no others
            return negated if value is None else _is_one_of(value, values) is not negated


def _compares(value: float | Decimal, comparison: Comparison, number: int | Decimal) -> bool:
    if math.isnan(value):
        # Greater than every number, as PostgreSQL has it.
        return comparison in {Comparison.GREATER, Comparison.GREATER_OR_EQUAL}
    return _COMPARISONS[comparison](value, _comparable(number, value))


def _is_one_of(value: CellValue, members: Sequence[int | Decimal] | Sequence[str] | Sequence[UUID]) -> bool:
    if isinstance(members[0], str):
        return text_of(value) in members
    return any(value == _comparable(member, value) for member in members)


def _comparable(number: object, value: object) -> Any:
    # A decimal stands for the floating-point number that is written as it is.
    return float(number) if isinstance(number, Decimal) and isinstance(value, float) else number


def _is_in(interval: Interval, moment: datetime) -> bool:
    return (interval.start is None or moment >= interval.start) and (interval.end is None or moment < interval.end)


def _is_day(value: CellValue) -> TypeGuard[date]:
    return isinstance(value, date) and not isinstance(value, datetime)
