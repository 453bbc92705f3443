"""The condition that one filter of a view means."""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo

from ticket_export.application.view.conditions import (
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
    fold,
)
from ticket_export.application.view.filter_operators import Operator
from ticket_export.application.view.filter_values import (
    parse_choices,
    parse_day,
    parse_days,
    parse_ids,
    parse_moment,
    parse_number,
    shifted,
    shifted_day,
    split_values,
)
from ticket_export.application.view.local_time import moments_shown_between, time_text
from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn

_POSITIONS = {"contains": TextPosition.ANYWHERE, "starts_with": TextPosition.START, "ends_with": TextPosition.END}
_COMPARISONS = {Operator.GT: op.gt, Operator.GTE: op.ge, Operator.LT: op.lt, Operator.LTE: op.le}
# From the span [start, end) that the value names to the bounds of the tickets' time. A span at the end of the calendar
# has no end, and so nothing after it.
_SIDES: dict[Operator, Callable[[datetime, datetime | None], tuple[datetime | None, datetime | None]]] = {
    Operator.IS: lambda start, end: (start, end),
    Operator.IS_BEFORE: lambda start, _: (None, start),
    Operator.IS_AFTER: lambda _, end: (end, None),
    Operator.IS_ON_OR_BEFORE: lambda _, end: (None, end),
    Operator.IS_ON_OR_AFTER: lambda start, _: (start, None),
}
_NO_DAY = (date.max, date.min)
# The smallest step of a stored time: with it, "up to and including now" is a half-open interval.
_TICK = timedelta(microseconds=1)
_ANY_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


def check_filter(column: TicketColumn, operator: Operator, value: str | None) -> None:
    """Raise ``ValueError`` where `filter_condition` does; the current time does not decide whether a value is valid."""
    filter_condition(column, operator, value, as_of=_ANY_MOMENT, zone=UTC)


def filter_condition(
    column: TicketColumn, operator: Operator, value: str | None, *, as_of: datetime, zone: tzinfo
) -> Condition:
    """Return the condition that a filter means, for days in `zone` and "now" at `as_of` (aware UTC).

    Raises:
        ValueError: the value is missing, not allowed, or not right for the column and the operator.
    """
    negated = operator in {Operator.NEQ, Operator.IS_NONE_OF, Operator.IS_NOT_EMPTY} or operator.startswith("not_")
    if operator.takes_no_value:
        if value:
            raise ValueError(f"{operator} takes no value")
        if column.kind is ColumnKind.BOOLEAN:
            return IsBoolean(column, operator is Operator.IS_TRUE)
        return IsEmpty(column, negated)
    if not value:
        raise ValueError(f"{operator} needs a value; to find empty cells use is_empty")
    if column.kind is ColumnKind.DATE:
        return _date_condition(column, operator, value, as_of, zone)
    if column.kind is ColumnKind.DAY:
        return _day_condition(column, operator, value, as_of, zone)
    if operator in _COMPARISONS:
        return NumberCompares(column, _COMPARISONS[operator], parse_number(value))
    members = split_values(value) if operator.takes_many_values else (value,)
    if column.kind is ColumnKind.TEXT:
        position = _POSITIONS.get(operator.removeprefix("not_"), TextPosition.WHOLE)
        return TextMatches(column, position, tuple(fold(member) for member in members), negated)
    return _membership(column, members, negated)


def _membership(column: TicketColumn, members: tuple[str, ...], negated: bool) -> IsOneOf:
    if column.kind is ColumnKind.NUMBER:
        return IsOneOf(column, tuple(parse_number(member) for member in members), negated)
    if column.kind is ColumnKind.CHOICE:
        return IsOneOf(column, parse_choices(members, column), negated)
    return IsOneOf(column, parse_ids(members, column), negated)


def _date_condition(
    column: TicketColumn, operator: Operator, value: str, as_of: datetime, zone: tzinfo
) -> WithinIntervals:
    if operator is Operator.IS_WITHIN_PAST_DAYS:
        past = shifted(as_of, -timedelta(days=parse_days(value)))
        return WithinIntervals(column, (Interval(past, shifted(as_of, _TICK)),))
    if operator is Operator.IS_WITHIN_NEXT_DAYS:
        return WithinIntervals(column, (Interval(as_of, shifted(as_of, timedelta(days=parse_days(value)) + _TICK)),))
    start, end = parse_moment(value)
    if operator is Operator.IS_AFTER and end is None:
        return WithinIntervals(column, ())
    sides = _SIDES[operator](start, end)
    if sides == (None, None) or start.tzinfo:
        return WithinIntervals(column, (Interval(*sides),))
    return WithinIntervals(column, moments_shown_between(*sides, zone))


def _day_condition(column: TicketColumn, operator: Operator, value: str, as_of: datetime, zone: tzinfo) -> WithinDays:
    # The day of the request, as the file shows it.
    today = date.fromisoformat(time_text(as_of, zone)[:10])
    if operator is Operator.IS_WITHIN_PAST_DAYS:
        return WithinDays(column, shifted_day(today, -parse_days(value)), today)
    if operator is Operator.IS_WITHIN_NEXT_DAYS:
        return WithinDays(column, today, shifted_day(today, parse_days(value)))
    day = parse_day(value)
    days = {
        Operator.IS: (day, day),
        Operator.IS_BEFORE: _NO_DAY if day == date.min else (None, shifted_day(day, -1)),
        Operator.IS_AFTER: _NO_DAY if day == date.max else (shifted_day(day, 1), None),
        Operator.IS_ON_OR_BEFORE: (None, day),
        Operator.IS_ON_OR_AFTER: (day, None),
    }
    return WithinDays(column, *days[operator])
