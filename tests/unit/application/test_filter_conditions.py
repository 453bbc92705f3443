from __future__ import annotations

import operator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tests.unit.application.columns import (
    AS_OF,
    CATEGORY,
    CREATED,
    DUE_DAY,
    EXTERNAL,
    ID,
    SCORE,
    STATUS,
    TEAM,
    TITLE,
    URGENT,
)
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
)
from ticket_export.application.view.filter_conditions import check_filter, filter_condition
from ticket_export.application.view.filter_operators import OPERATORS, Operator, find_operator
from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn

TEAM_ID = "6f1b3a0e-8f0e-4c8e-9d3a-0f4f6a1b2c3d"
BERLIN = ZoneInfo("Europe/Berlin")
DAY = datetime(2026, 1, 30, 23, tzinfo=UTC), datetime(2026, 1, 31, 23, tzinfo=UTC)
TICK = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
AT_730 = datetime(2026, 1, 31, 7, 30, tzinfo=UTC)
TWICE = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
WHOLE, ANYWHERE, START, END = TextPosition


def condition(column: TicketColumn, operator: str, value: str | None = None) -> Condition:
    return filter_condition(column, Operator(operator), value, as_of=AS_OF, zone=BERLIN)


@pytest.mark.parametrize(
    ("operator", "value", "meaning"),
    [
        ("eq", "Ab%", TextMatches(TITLE, WHOLE, ("ab%",))),
        ("neq", "Ab", TextMatches(TITLE, WHOLE, ("ab",), negated=True)),
        ("contains", "a, b", TextMatches(TITLE, ANYWHERE, ("a, b",))),
        ("not_contains", "É", TextMatches(TITLE, ANYWHERE, ("é",), negated=True)),
        ("starts_with", " A", TextMatches(TITLE, START, (" a",))),
        ("not_starts_with", "A", TextMatches(TITLE, START, ("a",), negated=True)),
        ("ends_with", "A", TextMatches(TITLE, END, ("a",))),
        ("not_ends_with", "A", TextMatches(TITLE, END, ("a",), negated=True)),
        ("is_any_of", "A, B", TextMatches(TITLE, WHOLE, ("a", "b"))),
        ("is_none_of", '["A, B"]', TextMatches(TITLE, WHOLE, ("a, b",), negated=True)),
        ("is_empty", None, IsEmpty(TITLE)),
        ("is_not_empty", "", IsEmpty(TITLE, negated=True)),
    ],
)
def test_text_is_compared_in_lower_case(operator: str, value: str | None, meaning: Condition) -> None:
    assert condition(TITLE, operator, value) == meaning


@pytest.mark.parametrize(
    ("operator", "value", "meaning"),
    [
        ("eq", "5", IsOneOf(SCORE, (5,))),
        ("neq", "1.5", IsOneOf(SCORE, (Decimal("1.5"),), negated=True)),
        ("gt", "5", NumberCompares(SCORE, operator.gt, 5)),
        ("gte", "5", NumberCompares(SCORE, operator.ge, 5)),
        ("lt", "-5", NumberCompares(SCORE, operator.lt, -5)),
        ("lte", "0.5", NumberCompares(SCORE, operator.le, Decimal("0.5"))),
        ("is_any_of", "1,2", IsOneOf(SCORE, (1, 2))),
        ("is_none_of", '[1, "2"]', IsOneOf(SCORE, (1, 2), negated=True)),
        ("is_empty", None, IsEmpty(SCORE)),
        ("is_not_empty", None, IsEmpty(SCORE, negated=True)),
    ],
)
def test_numbers_are_compared_as_numbers(operator: str, value: str | None, meaning: Condition) -> None:
    assert condition(SCORE, operator, value) == meaning


@pytest.mark.parametrize(
    ("column", "operator", "value", "meaning"),
    [
        (STATUS, "eq", "in progress", IsOneOf(STATUS, ("In Progress",))),
        (STATUS, "neq", "NEW", IsOneOf(STATUS, ("New",), negated=True)),
        (STATUS, "is_any_of", '["new", "closed, DONE"]', IsOneOf(STATUS, ("New", "Closed, done"))),
        (STATUS, "is_empty", None, IsEmpty(STATUS)),
        (CATEGORY, "eq", "Billing", IsOneOf(CATEGORY, ("Billing",))),
        (ID, "eq", "7", IsOneOf(ID, (7,))),
        (ID, "is_none_of", "7, 8", IsOneOf(ID, (7, 8), negated=True)),
        (TEAM, "neq", TEAM_ID.upper(), IsOneOf(TEAM, (UUID(TEAM_ID),), negated=True)),
        (TEAM, "is_not_empty", None, IsEmpty(TEAM, negated=True)),
        (EXTERNAL, "is_any_of", "A-1,7", IsOneOf(EXTERNAL, ("A-1", "7"))),
        (URGENT, "is_true", None, IsBoolean(URGENT, value=True)),
        (URGENT, "is_false", "", IsBoolean(URGENT, value=False)),
    ],
)
def test_choices_ids_and_booleans_are_compared_as_they_are_stored(
    column: TicketColumn, operator: str, value: str | None, meaning: Condition
) -> None:
    assert condition(column, operator, value) == meaning


@pytest.mark.parametrize(
    ("operator", "start", "end"),
    [
        ("is", DAY[0], DAY[1]),
        ("is_before", None, DAY[0]),
        ("is_after", DAY[1], None),
        ("is_on_or_before", None, DAY[1]),
        ("is_on_or_after", DAY[0], None),
    ],
)
def test_a_day_bounds_by_its_begin_or_its_end_in_the_views_zone(
    operator: str, start: datetime | None, end: datetime | None
) -> None:
    assert condition(CREATED, operator, "2026-01-31") == WithinIntervals(CREATED, (Interval(start, end),))


def test_past_and_next_days_count_from_the_request_and_include_it() -> None:
    week = timedelta(days=7)

    def within(operator: str, days: str) -> Interval:
        found = condition(CREATED, operator, days)
        assert isinstance(found, WithinIntervals)
        (interval,) = found.intervals
        return interval

    assert within("is_within_past_days", "7") == Interval(AS_OF - week, AS_OF + TICK)
    assert within("is_within_next_days", "7") == Interval(AS_OF, AS_OF + week + TICK)
    assert within("is_within_past_days", "0") == Interval(AS_OF, AS_OF + TICK)


@pytest.mark.parametrize(
    ("operator", "value", "intervals"),
    [
        ("is", "2026-01-31T09:30:00+02:00", (Interval(AT_730, AT_730 + SECOND),)),
        ("is_before", "2026-01-31T09:30:00+02:00", (Interval(None, AT_730),)),
        ("is_after", "2026-01-31T09:30:00+02:00", (Interval(AT_730 + SECOND, None),)),
        # There is nothing behind the end of the calendar, and nothing that is not up to it.
        ("is_after", "9999-12-31", ()),
        ("is_on_or_before", "9999-12-31", (Interval(None, None),)),
        # Shown twice, and not at all.
        ("is", "2025-10-26T02:30:00", (Interval(TWICE, TWICE + SECOND), Interval(TWICE + HOUR, TWICE + HOUR + SECOND))),
        ("is", "2026-03-29T02:30:00", ()),
    ],
)
def test_a_time_bounds_the_moments_that_are_shown_so(
    operator: str, value: str, intervals: tuple[Interval, ...]
) -> None:
    assert condition(CREATED, operator, value) == WithinIntervals(CREATED, intervals)


@pytest.mark.parametrize(
    ("operator", "value", "first", "last"),
    [
        ("is", "2026-01-31", date(2026, 1, 31), date(2026, 1, 31)),
        ("equals", "20260131", date(2026, 1, 31), date(2026, 1, 31)),
        ("is_before", "2026-03-01", None, date(2026, 2, 28)),
        ("is_before", "0001-01-01", date.max, date.min),
        ("is_after", "2026-02-28", date(2026, 3, 1), None),
        ("is_after", "9999-12-31", date.max, date.min),
        ("is_on_or_before", "2026-01-31", None, date(2026, 1, 31)),
        ("is_on_or_after", "2026-01-31", date(2026, 1, 31), None),
        # Noon in UTC is the same day in Berlin.
        ("is_within_past_days", "1", date(2026, 2, 28), date(2026, 3, 1)),
        ("is_within_next_days", "31", date(2026, 3, 1), date(2026, 4, 1)),
    ],
)
def test_days_are_compared_as_days(operator: str, value: str, first: date | None, last: date | None) -> None:
    found = find_operator(operator, ColumnKind.DAY)
    assert found is not None
    assert condition(DUE_DAY, found.value, value) == WithinDays(DUE_DAY, first, last)


@pytest.mark.parametrize(("zone", "today"), [("Pacific/Kiritimati", date(2026, 3, 2)), ("UTC", date(2026, 3, 1))])
def test_past_days_of_a_day_count_from_the_requests_local_day(zone: str, today: date) -> None:
    operator = Operator.IS_WITHIN_PAST_DAYS
    found = filter_condition(DUE_DAY, operator, "0", as_of=AS_OF, zone=ZoneInfo(zone))
    assert found == WithinDays(DUE_DAY, today, today)


@pytest.mark.parametrize(
    ("as_of", "operator", "day"),
    [(FIRST, "is_within_past_days", date.min), (LAST, "is_within_next_days", date.max)],
)
def test_days_stay_inside_the_calendar(as_of: datetime, operator: str, day: date) -> None:
    found = filter_condition(DUE_DAY, Operator(operator), "7", as_of=as_of, zone=UTC)
    assert found == WithinDays(DUE_DAY, day, day)


@pytest.mark.parametrize("value", ["2026-01-31T00:00:00", "2026-02-30", "31.01.2026", "yesterday", "2026-01-31Z"])
def test_a_day_with_a_time_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"is not a day, such as 2026-01-31$"):
        condition(DUE_DAY, "is", value)


def test_dates_can_be_empty() -> None:
    assert condition(CREATED, "is_empty") == IsEmpty(CREATED)
    assert condition(CREATED, "is_not_empty") == IsEmpty(CREATED, negated=True)


VALUES = {
    ColumnKind.TEXT: (TITLE, "x"),
    ColumnKind.NUMBER: (SCORE, "1"),
    ColumnKind.DATE: (CREATED, "2026-01-31"),
    ColumnKind.DAY: (DUE_DAY, "2026-01-31"),
    ColumnKind.BOOLEAN: (URGENT, "x"),
    ColumnKind.CHOICE: (STATUS, "New"),
    ColumnKind.ID: (ID, "1"),
}
CELLS = [(kind, operator) for kind, operators in OPERATORS.items() for operator in operators]


@pytest.mark.parametrize(("kind", "operator"), CELLS)
def test_every_operator_of_a_kind_takes_just_the_value_that_it_needs(kind: ColumnKind, operator: Operator) -> None:
    column, value = VALUES[kind]
    if operator.takes_no_value:
        check_filter(column, operator, None)
        check_filter(column, operator, "")
        with pytest.raises(ValueError, match=rf"^{operator} takes no value$"):
            check_filter(column, operator, value)
    else:
        check_filter(column, operator, "3" if operator.endswith("_days") else value)
        for nothing in (None, ""):
            with pytest.raises(ValueError, match=rf"^{operator} needs a value; to find empty cells use is_empty$"):
                check_filter(column, operator, nothing)


@pytest.mark.parametrize(
    ("column", "operator", "value"),
    [
        (SCORE, "eq", "abc"),
        (SCORE, "gt", "abc"),
        (SCORE, "is_any_of", "1,abc"),
        (CREATED, "is", "abc"),
        (CREATED, "is_within_past_days", "2026-01-31"),
        (DUE_DAY, "is", "abc"),
        (STATUS, "eq", "Done"),
        (STATUS, "is_any_of", "New,Done"),
        (ID, "eq", "abc"),
        (TEAM, "is_none_of", f"{TEAM_ID},abc"),
        (TITLE, "is_any_of", ","),
    ],
)
def test_a_check_refuses_what_the_condition_would(column: TicketColumn, operator: str, value: str) -> None:
    with pytest.raises(ValueError, match=r".") as of_condition:
        condition(column, operator, value)
    with pytest.raises(ValueError, match=r".") as of_check:
        check_filter(column, Operator(operator), value)
    assert str(of_check.value) == str(of_condition.value)
